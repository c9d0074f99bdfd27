#!/usr/bin/env bash
# Makes a bundle (which checks its size and where its libraries come from), moves it, and starts it as its user would.
#   bundle_test.sh PROGRAM TORCH_FOLDER
set -euo pipefail
program=$1 torch=$2
root=$(readlink -f "$0")
root=${root%/*/*}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
  echo "bundle_test: $*" >&2
  exit 1
}

"$root/tools/lib/bundle.sh" "$program" "$torch" "$folder/made/flowtrain"
mkdir "$folder/a place with spaces"
tar -C "$folder/a place with spaces" -xzf "$folder/made/flowtrain.tar.gz"
rm -rf "$folder/made"
launcher="$folder/a place with spaces/flowtrain/flowtrain"

cd "$folder"
FLOWTRAIN_TORCH=$torch "$launcher" --version | grep -q '^flowtrain ' || fail "the bundle does not start"
FLOWTRAIN_TORCH=$torch "$launcher" validate graphs/vicreg.yaml || fail "the bundle does not find its graphs"

# The plug-ins travel with it, and read their formats.
plugins="$folder/a place with spaces/flowtrain/lib"
for name in webp tiff jpeg2000 gif; do
  [ -e "$plugins/flowtrain_$name.so" ] || fail "flowtrain_$name.so is not in the bundle"
done
# So does NCCL's, where it was built; it asks for nothing but torch.
if [ -e "$(dirname "$program")/flowtrain_nccl.so" ]; then
  python3 "$root/tests/nccl_plugin_test.py" "$plugins/flowtrain_nccl.so" "$torch" || fail "flowtrain_nccl.so does not open"
fi
mkdir images
cp "$root/tests/fuzz/corpus/webp/lossless.webp" "$root/tests/fuzz/corpus/tiff/rgb.tif" \
  "$root/tests/fuzz/corpus/jpeg2000/rgba.jp2" "$root/tests/fuzz/corpus/gif/grey.gif" images
FLOWTRAIN_TORCH=$torch "$launcher" pack images images.ftpack >pack.txt 2>&1 || fail "it does not pack: $(cat pack.txt)"
if grep -q 'cannot be opened\|this needs\|not supported' pack.txt; then fail "it does not read its formats: $(cat pack.txt)"; fi

# Without a torch it says what to do.
if FLOWTRAIN_TORCH=$folder "$launcher" --version 2>error.txt; then fail "it started without a torch"; fi
grep -q 'pip install torch==2.11.0' error.txt || fail "no help where there is no torch: $(cat error.txt)"
