#!/usr/bin/env bash
# Lays the program and every library it needs but libtorch's and libc's into one folder that can be moved to a machine
# that has torch 2.11 and nothing else of ours.
#   bundle.sh PROGRAM TORCH_FOLDER OUT
# OpenCV's imgcodecs stays behind (186 MB of libraries): a bundle reads JPEG, STL-10 and the sample set.
set -euo pipefail
program=$1 torch=$2 out=$3
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)

rm -rf "$out"
mkdir -p "$out/bin" "$out/lib"
install -m 755 "$program" "$out/bin/flowtrain"
strip "$out/bin/flowtrain"

# The GNU C library must be the machine's own; libtorch's folder brings its own libraries. libstdc++ and libgcc come
# along in a folder that the launcher uses only where the machine's are older.
ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// {print $3}' | while read -r library; do
  case $(basename "$library") in
    libc.so.* | libm.so.* | libdl.so.* | librt.so.* | libpthread.so.* | ld-linux*) continue ;;
  esac
  case $library in
    "$torch"/* | */nvidia/*) continue ;;
  esac
  install -m 644 "$(readlink -f "$library")" "$out/lib/$(basename "$library")"
done
strip --strip-unneeded "$out"/lib/*.so* 2>/dev/null || true
cp -r "$root/graphs" "$root/configs" "$out/"
install -m 755 "$root/tools/lib/bundle_launcher.sh" "$out/flowtrain"

tar -C "$(dirname "$out")" -czf "$out.tar.gz" "$(basename "$out")"
mebibytes=$(du -sm "$out" | cut -f1)
echo "bundle: $out, $mebibytes MiB"
[ "$mebibytes" -lt 40 ] || { echo "bundle: more than 40 MiB" >&2; exit 1; }
