#!/usr/bin/env bash
# The scripts in environments that are not as they should be: no HOME, folders of other users, foreign libraries. Builds
# nothing: the program is a stand-in.
set -euo pipefail
root=$(readlink -f "$0")
root=${root%/*/*}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"

fail() {
  echo "environment_test: $*" >&2
  exit 1
}

# expect WHAT WORDS TEXT
expect() { [[ $3 = *"$2"* ]] || fail "$1: '$2' is not in: $3"; }

checkout=$folder/checkout
mkdir -p "$checkout"
cp -r "$root/tools" "$root/cmake" "$root/CMakeLists.txt" "$root/CMakePresets.json" "$checkout"
mkdir "$checkout/pipeline" "$checkout/nodes"

# in_scripts COMMAND: with the scripts' functions.
in_scripts() {
  "${run[@]}" bash -euo pipefail -c "FLOWTRAIN_ROOT=$checkout FLOWTRAIN_BUILD=$checkout/build/release
    . $checkout/tools/lib/prepare.sh; $1" 2>&1
}

touch "$folder/a-file"

# Without HOME the scripts find the user's home, and without one that can be written to they keep to the checkout.
run=(env -i "PATH=$PATH")
home=$(getent passwd "$(id -u)" | cut -d: -f6)
[ "$(in_scripts cache_folder)" = "$home/.cache/flowtrain" ] || fail "no HOME: $(in_scripts cache_folder)"
run=(env -i "PATH=$PATH" "HOME=$folder/a-file" XDG_CACHE_HOME=)
[ "$(in_scripts cache_folder)" = "$checkout/build/cache" ] || fail "HOME that cannot be made: $(in_scripts cache_folder)"
run=(env -i "PATH=$PATH" "HOME=$folder/a-file" XDG_CACHE_HOME=relative)
[ "$(in_scripts cache_folder)" = "$checkout/build/cache" ] || fail "a relative XDG_CACHE_HOME: $(in_scripts cache_folder)"
run=(env -i "PATH=$PATH" "HOME=$folder/a-file" XDG_CACHE_HOME=/somewhere)
[ "$(in_scripts cache_folder)" = /somewhere/flowtrain ] || fail "XDG_CACHE_HOME: $(in_scripts cache_folder)"

# A TMPDIR that is not there is passed over.
run=(env -i "PATH=$PATH" "HOME=$folder" TMPDIR=/no/such/folder)
expect "TMPDIR" "TMPDIR=/no/such/folder is no folder" "$(in_scripts 'mktemp')"
# shellcheck disable=SC2016  # expanded in the other shell
in_scripts 'rm "$(mktemp)"' >/dev/null || fail "mktemp fails"

# Not built yet: help and version need nothing.
env -i "PATH=$PATH" "$checkout/tools/flowtrain" --version 2>/dev/null | grep -q '^flowtrain [0-9]' || fail "--version"

# Another user's checkout, and a build that root has begun in one's own: it says whose it is and what to do.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
  run=(setpriv --reuid=65534 --regid=65534 --clear-groups env -i "PATH=$PATH" "HOME=$folder")
  said=$(in_scripts check_own_build) && fail "another user's checkout is taken"
  expect "another user's checkout" "belongs to root, and you are nobody" "$said"
  mkdir -p "$checkout/build/release"
  touch "$checkout/build/release/build.ninja"
  chown 65534 "$checkout/build" "$checkout/build/release"
  said=$(in_scripts check_own_build) && fail "root's files are taken"
  expect "root's files" "sudo chown -R nobody $checkout/build/release" "$said"
  mkdir -p "$folder/cache/flowtrain"
  run+=("XDG_CACHE_HOME=$folder/cache")
  # shellcheck disable=SC2016
  said=$(in_scripts 'fetch_libtorch "$(torch_cache)"') && fail "root's cache is taken"
  expect "root's cache" "sudo chown -R nobody $folder/cache/flowtrain" "$said"
fi

# A program that its own libraries start, and those of LD_LIBRARY_PATH do not.
torch=$folder/torch
mkdir -p "$torch/lib" "$checkout/build/release/tools"
touch "$torch/lib/libtorch_cpu.so"
cat >"$checkout/build/release/tools/flowtrain" <<'END'
#!/bin/sh
[ -z "${OMP_PROC_BIND:-}" ] || exit 1
case ${LD_LIBRARY_PATH:-} in *foreign*) echo "GLIBCXX_3.4.30 not found" >&2; exit 127 ;; esac
echo "started with $*; LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-}"
END
chmod +x "$checkout/build/release/tools/flowtrain"
echo "$torch" >"$checkout/build/release/built-with"
said=$(LD_LIBRARY_PATH=/foreign "$checkout/tools/flowtrain" some graph 2>&1) || fail "foreign libraries: $said"
expect "foreign libraries" "LD_LIBRARY_PATH=/foreign: it is left out" "$said"
expect "foreign libraries" "started with some graph; LD_LIBRARY_PATH=" "$said"
said=$(LD_LIBRARY_PATH=/usr/local/nvidia/lib64 OMP_PROC_BIND=true "$checkout/tools/flowtrain" some graph 2>&1)
[ "$said" = "started with some graph; LD_LIBRARY_PATH=/usr/local/nvidia/lib64" ] || fail "LD_LIBRARY_PATH is lost: $said"
