#!/usr/bin/env bash
# Makes a Debian package, unpacks it, and trains a step with the command in it.
#   deb_test.sh PROGRAM TORCH_FOLDER
# Exit code 77: there is no dpkg-deb.
set -euo pipefail
program=$1 torch=$2
root=$(readlink -f "$0")
root=${root%/*/*}
command -v dpkg-deb >/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
  echo "deb_test: $*" >&2
  exit 1
}

"$root/tools/lib/bundle.sh" "$program" "$torch" "$folder/made/flowtrain" >/dev/null
"$root/tools/lib/make_deb.sh" "$program" "$folder/made/flowtrain" "$folder"
"$root/tools/lib/make_deb.sh" "$program" "$folder/made/flowtrain" "$folder/made" >/dev/null
cmp "$folder"/*.deb "$folder"/made/*.deb || fail "the same bundle made another package"
rm -rf "$folder/made"

package=$(echo "$folder"/flowtrain_*.deb)
dpkg-deb --field "$package" Depends | grep -q 'libc6 (>= 2\.' || fail "it does not say which libc it needs"
dpkg-deb --contents "$package" >"$folder/contents.txt"
if grep -v " root/root " "$folder/contents.txt"; then fail "these files belong to whoever made it"; fi

dpkg-deb --extract "$package" "$folder/installed"
for file in share/doc/flowtrain/copyright share/bash-completion/completions/flowtrain \
  share/zsh/vendor-completions/_flowtrain share/fish/vendor_completions.d/flowtrain.fish lib/flowtrain/graphs/simclr.yaml; do
  [ -s "$folder/installed/usr/$file" ] || fail "it has no /usr/$file"
done
grep -q doctor "$folder/installed/usr/share/bash-completion/completions/flowtrain" || fail "its completion knows no commands"

cd "$folder"
command=$folder/installed/usr/bin/flowtrain
export FLOWTRAIN_TORCH=$torch
"$command" --version | grep -q "^flowtrain $(dpkg-deb --field "$package" Version)" || fail "the command does not start"
"$command" graphs/simclr.yaml --set train.max_steps=1 --set data.batch_size=4 --set gpu.gradient_accumulation=1 \
  --set data.image_size=32 --set evaluate.knn=false --set device=cpu --run-dir run >run.txt 2>&1 ||
  fail "it does not train: $(cat run.txt)"
grep -q '"step":1' run/metrics.jsonl || fail "it left no step: $(cat run.txt)"

# Without a torch it says what to do.
if FLOWTRAIN_TORCH=$folder "$command" --version 2>none.txt; then fail "it started without a torch"; fi
grep -q 'pip install torch==2.11.0' none.txt || fail "no help where there is no torch: $(cat none.txt)"
