#!/usr/bin/env bash
# Puts the program and every library it needs except libtorch's and libc's into a folder that can be moved to a machine
# that has torch 2.11 and nothing else of ours; beside it, puts the same as a .tar.gz.
#   bundle.sh PROGRAM TORCH_FOLDER OUT
# The plug-ins for image formats and for NCCL travel with it. Only libheif and its codecs (25 MB) are left out: a bundle reads HEIC and
# AVIF where the machine has libheif1, and names that package where it has not.
set -euo pipefail
program=$1 torch=$(readlink -f "$2") out=$3
root=$(readlink -f "$0")
root=${root%/*/*/*}
readonly LIMIT_MIB=40

# The libraries that the program loads, one per line: name and path.
libraries_of() { ldd "$1" | awk '$2 == "=>" && $3 ~ /^\// {print $1, $3}'; }

# libc must be the machine's own, as the kernel's and the driver's libraries expect.
is_libc() {
  case $1 in
    libc.so.* | libm.so.* | libdl.so.* | librt.so.* | libpthread.so.* | libutil.so.* | ld-linux*) return 0 ;;
    *) return 1 ;;
  esac
}

# libtorch's folder, or the one beside it with the NVIDIA libraries that torch brings.
is_torchs() {
  case $(readlink -f "$1") in
    "$torch"/* | "$(dirname "$torch")"/nvidia/*) return 0 ;;
    *) return 1 ;;
  esac
}

# lay_libraries FILE: those that a program or a plug-in needs.
lay_libraries() {
  local name path
  while read -r name path; do
    if is_libc "$name" || is_torchs "$path" || [ -e "$out/lib/$name" ] || [ -e "$out/lib/gcc/$name" ]; then continue; fi
    case $name in
      # Kept apart: the launcher uses them only if the machine's are older. Under their full names, to be compared.
      libstdc++.so.6)
        install -D -m 644 "$path" "$out/lib/gcc/$(basename "$(readlink -f "$path")")"
        ln -s "$(basename "$(readlink -f "$path")")" "$out/lib/gcc/$name" ;;
      libgcc_s.so.1) install -D -m 644 "$path" "$out/lib/gcc/$name" ;;
      *) install -m 644 "$path" "$out/lib/$name" ;;
    esac
  done < <(libraries_of "$1")
}

# Puts the plug-ins where the program looks for them. Codecs that were not built, or whose libraries are left out, are
# named: WITHOUT has a line for each.
lay_plugins() {
  local name plugin
  for name in webp tiff jpeg2000 gif heif; do
    plugin=$(dirname "$program")/flowtrain_$name.so
    if [ ! -e "$plugin" ]; then
      without+=("$name (flowtrain_$name.so was not built)")
      continue
    fi
    install -m 644 "$plugin" "$out/lib/"
    if [ "$name" = heif ]; then
      without+=("HEIC and AVIF, unless the machine has libheif1")
    else
      lay_libraries "$plugin"
    fi
  done
  # All that it needs is torch's.
  plugin=$(dirname "$program")/flowtrain_nccl.so
  if [ -e "$plugin" ]; then install -m 644 "$plugin" "$out/lib/"; fi
}

# The newest glibc that anything in the bundle asks for, apart from the compiler's own libraries.
needed_glibc() {
  objdump -T "$out/bin/flowtrain" "$out"/lib/*.so* | grep -o 'GLIBC_2\.[0-9]*' | sort -uV | tail -n 1 | sed 's/GLIBC_//'
}

# Fails if a library comes from anywhere but the bundle, torch or libc.
check_libraries() {
  local name path file stray=0
  export LD_LIBRARY_PATH="$torch/lib:$out/lib:$out/lib/gcc"
  for file in "$out/bin/flowtrain" "$out"/lib/flowtrain_*.so; do
    case $file in */flowtrain_heif.so | */flowtrain_nccl.so) continue ;; esac
    if ldd "$file" | grep 'not found'; then stray=1; fi
    while read -r name path; do
      if is_libc "$name" || is_torchs "$path" || [[ $path = "$out"/* ]]; then continue; fi
      echo "bundle: $name comes from $path, neither the bundle, nor torch, nor libc" >&2
      stray=1
    done < <(libraries_of "$file")
  done
  return "$stray"
}

rm -rf "$out" "$out.tar.gz"
mkdir -p "$out/bin" "$out/lib"
out=$(readlink -f "$out")
install -m 755 "$program" "$out/bin/flowtrain"
# The launcher says where libtorch is, not the build.
rpath_off=$(mktemp --suffix=.cmake)
echo "file(RPATH_REMOVE FILE \"$out/bin/flowtrain\")" >"$rpath_off"
cmake -P "$rpath_off"
rm "$rpath_off"
without=()
lay_libraries "$program"
lay_plugins
strip "$out/bin/flowtrain"
find "$out/lib" -type f -name '*.so*' -exec strip --strip-unneeded {} +
needed_glibc >"$out/lib/glibc-version"
cp -r "$root/graphs" "$root/configs" "$root/LICENSE" "$out/"
install -m 644 "$root/tools/lib/torch_version.sh" "$root/tools/lib/cache.sh" "$out/lib/"
install -m 755 "$root/tools/lib/bundle_launcher.sh" "$out/flowtrain"

check_libraries
mebibytes=$(du -sm "$out" | cut -f1)
if [ "$mebibytes" -ge "$LIMIT_MIB" ]; then
  echo "bundle: $mebibytes MiB, and the limit is $LIMIT_MIB" >&2
  exit 1
fi
tar -C "$(dirname "$out")" -czf "$out.tar.gz" "$(basename "$out")"
for format in "${without[@]}"; do echo "bundle: it does not read $format"; done
if [ ! -e "$out/lib/flowtrain_nccl.so" ]; then
  echo "bundle: several GPUs use Gloo instead of NCCL (flowtrain_nccl.so was not built)"
fi
echo "bundle: $out and its .tar.gz, $mebibytes MiB, for glibc $(cat "$out/lib/glibc-version") or newer"
