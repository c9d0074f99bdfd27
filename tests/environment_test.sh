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
expect "TMPDIR" "TMPDIR=/no/such/folder is not a folder that can be written to" "$(in_scripts 'mktemp')"
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

# torch in the Python that `python3` starts, here among the packages of the user's own, is found if it is the right one.
home=$folder/home
site=$(env -i "PATH=$PATH" "HOME=$home" python3 -m site --user-site) || true
make_torch() {
  mkdir -p "$1/lib" "$1/include/torch/headeronly"
  touch "$1/__init__.py" "$1/lib/libtorch_cpu.so"
  printf '#define TORCH_VERSION_%s %s\n' MAJOR 2 MINOR "$2" PATCH 0 >"$1/include/torch/headeronly/version.h"
}
run=(env -i "PATH=$PATH" "HOME=$home")
make_torch "$site/torch" 10
[ "$(in_scripts 'find_libtorch 2>/dev/null')" = "$home/.cache/flowtrain/libtorch-2.11.0/torch" ] ||
  fail "torch 2.10 of Python: $(in_scripts find_libtorch)"
expect "torch 2.10 of Python" "torch 2.10.0 in $site/torch is passed over: flowtrain needs 2.11" "$(in_scripts find_libtorch)"
make_torch "$site/torch" 11
[ "$(in_scripts find_libtorch)" = "$site/torch" ] || fail "torch of Python: $(in_scripts find_libtorch)"
expect "torch without CUDA beside a driver" "it is built without CUDA, and this machine has an NVIDIA driver" \
  "$(in_scripts 'has_nvidia_driver() { return 0; }; find_libtorch')"

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

# Started where a driver is, a program that was built where none was gets the libraries for it, or says that it did not.
sed -i "s|/dev/nvidiactl|$folder/nvidiactl|" "$checkout/tools/lib/libtorch.sh"
# shellcheck disable=SC2016  # expanded when it is called
echo 'prepare() { ${FAKE_PREPARE}; }' >>"$checkout/tools/lib/prepare.sh"
touch "$checkout/build/release/built-with"
start() { env -i "PATH=$PATH" "HOME=$home" "FAKE_PREPARE=$1" "${@:2}" "$checkout/tools/flowtrain" graph 2>&1; }
said=$(start 'stop was asked for')
[ "$said" = "started with graph; LD_LIBRARY_PATH=" ] || fail "without a driver: $said"
touch "$folder/nvidiactl"
said=$(start 'say the libraries were fetched')
expect "a driver that is new" "libtorch in $torch was set up without one" "$said"
expect "a driver that is new" "the libraries were fetched" "$said"
expect "a driver that is new" "started with graph" "$said"
tried=$checkout/build/release/gpu-libraries-tried
rm "$tried"
said=$(start 'stop there is no network')
expect "a driver that is new, no network" "there is no network" "$said"
expect "a driver that is new, no network" "starting without it" "$said"
expect "a driver that is new, no network" "started with graph" "$said"
# It is tried once, and again after a boot, with another driver, or when it is asked for.
for _ in 1 2; do
  said=$(start 'stop was asked for again')
  [[ $said != *"asked for again"* ]] || fail "no network: it is tried at each start: $said"
  expect "no network, a later start" "to try again: rm $tried" "$said"
  expect "no network, a later start" "started with graph" "$said"
  [ "$(wc -l <<<"$said")" -eq 2 ] || fail "no network: a later start says more than a line: $said"
done
echo another boot >"$tried"
said=$(start 'stop there is no network')
expect "a new boot" "there is no network" "$said"
[ "$(wc -l <"$tried")" -eq 2 ] || fail "the boots that were tried: $(cat "$tried")"
rm "$tried"
said=$(start "eval touch $torch/lib/libtorch_cuda.so")
expect "a network that is back" "started with graph" "$said"
[ ! -e "$tried" ] || fail "the mark of a failure outlives it"
rm "$torch/lib/libtorch_cuda.so"
said=$(start 'stop was asked for' "FLOWTRAIN_TORCH=$torch")
[ "$said" = "started with graph; LD_LIBRARY_PATH=" ] || fail "FLOWTRAIN_TORCH beside a driver: $said"
touch "$torch/lib/libtorch_cuda.so"
said=$(start 'stop was asked for')
[ "$said" = "started with graph; LD_LIBRARY_PATH=" ] || fail "a libtorch with CUDA: $said"
# A torch that has become another version since the build is not started with.
make_torch "$torch" 12
said=$(start 'say it is chosen again')
expect "another torch" "it is chosen again" "$said"
