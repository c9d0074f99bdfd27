#!/usr/bin/env bash
# Starts a bundled flowtrain with this machine's torch 2.11: the one that FLOWTRAIN_TORCH names, Python's, or the one
# that tools/flowtrain fetched.
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=tools/lib/torch_version.sh
. "$here/lib/torch_version.sh"
# shellcheck source=tools/lib/cache.sh
. "$here/lib/cache.sh"

stop() {
  echo "error: $*" >&2
  exit 1
}

# Prints the folders to look in, the best first.
torch_folders() {
  local python
  if [ -n "${FLOWTRAIN_TORCH:-}" ]; then
    printf '%s\n' "$FLOWTRAIN_TORCH" "$FLOWTRAIN_TORCH/torch"
    return
  fi
  for python in python3 python; do
    "$python" -c 'import importlib.util as u; print(*u.find_spec("torch").submodule_search_locations, sep="\n")' 2>/dev/null
  done
  echo "$(cache_folder)/libtorch-2.11.0/torch"
}

find_torch() {
  local folder version
  while read -r folder; do
    version=$(torch_version "$folder") || continue
    if torch_fits "$version"; then
      echo "$folder"
      return
    fi
    echo "torch $version in $folder is passed over: flowtrain needs 2.11" >&2
  done < <(torch_folders)
  return 1
}

# The older of two versions.
older() { printf '%s\n' "$@" | sort -V | head -n 1; }

# Prints the bundle's own folder of the compiler's libraries if the machine has none, or older ones. The newer ones must
# win: other libraries of the machine may need them.
compiler_libraries() {
  local own system
  own=$(basename "$here"/lib/gcc/libstdc++.so.6.*)
  for system in /usr/lib/x86_64-linux-gnu /usr/lib64 /lib64; do
    if [ -e "$system/libstdc++.so.6" ]; then
      system=$(basename "$(readlink -f "$system/libstdc++.so.6")")
      [ "$(older "$system" "$own")" = "$own" ] && return
      break
    fi
  done
  echo "$here/lib/gcc:"
}

glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/glibc //')
needed=$(cat "$here/lib/glibc-version")
if [ -n "$glibc" ] && [ "$(older "$glibc" "$needed")" != "$needed" ]; then
  stop "this bundle needs glibc $needed, and this machine has $glibc. Use Debian 12, Ubuntu 22.04 or newer, or build the bundle on a machine as old as this one."
fi
torch=$(find_torch) ||
  stop "no torch 2.11 was found. Install it (pip install torch==2.11.0), or set FLOWTRAIN_TORCH to a torch folder."
# libtorch's folder first: its libraries fit each other. No empty entry at the end: it would mean the working directory.
folders="$torch/lib:$here/lib:$(compiler_libraries)${LD_LIBRARY_PATH:-}"
export LD_LIBRARY_PATH="${folders%:}"
# With these OpenMP binds the process to one core as soon as it is loaded, and every thread that is made later with it.
unset OMP_PROC_BIND OMP_PLACES GOMP_CPU_AFFINITY
exec "$here/bin/flowtrain" "$@"
