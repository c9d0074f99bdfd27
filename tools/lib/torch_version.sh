# Which torch is in a folder. Shared by the set-up and the launcher of a bundle.
# shellcheck shell=bash

# Prints the version of the torch in a folder, such as 2.11.0; fails if there is none.
torch_version() {
  local header=$1/include/torch/headeronly/version.h
  [ -f "$1/lib/libtorch_cpu.so" ] || return 1
  [ -f "$header" ] || { echo "older than 2.9"; return; }
  sed -n 's/^#define TORCH_VERSION_\(MAJOR\|MINOR\|PATCH\) \([0-9]*\).*/\2/p' "$header" | paste -s -d .
}

# torch_fits VERSION: flowtrain is built for it, or can run with it.
torch_fits() { [[ $1 = 2.11.* ]]; }
