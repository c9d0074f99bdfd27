#!/usr/bin/env bash
# Makes a wheel, installs it with pip into a folder of its own, and trains a step with the command that it brings.
#   wheel_test.sh PROGRAM TORCH_FOLDER
set -euo pipefail
program=$1 torch=$2
root=$(readlink -f "$0")
root=${root%/*/*}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
  echo "wheel_test: $*" >&2
  exit 1
}

"$root/tools/lib/bundle.sh" "$program" "$torch" "$folder/made/flowtrain" >/dev/null
package=${program%/*/*}/python/flowtrain
python3 "$root/tools/lib/make_wheel.py" "$folder/made/flowtrain" "$package" "$folder"
python3 "$root/tools/lib/make_wheel.py" "$folder/made/flowtrain" "$package" "$folder/made" >/dev/null
cmp "$folder"/*.whl "$folder"/made/*.whl || fail "the same bundle made another wheel"
rm -rf "$folder/made"

# Its torch is the build's, found as a package of this Python.
mkdir "$folder/packages"
python3 -m pip install --quiet --disable-pip-version-check --no-index --no-deps --target "$folder/installed" \
  "$folder"/*.whl || fail "pip does not install it"
ln -s "$torch" "$folder/packages/torch"
cd "$folder"
command=$folder/installed/bin/flowtrain
export PYTHONPATH=$folder/installed:$folder/packages
unset FLOWTRAIN_TORCH
"$command" --version | grep -q '^flowtrain ' || fail "the command does not start"
python3 -m flowtrain validate graphs/vicreg.yaml || fail "it does not find its graphs"
"$command" graphs/simclr.yaml --set train.max_steps=1 --set data.batch_size=4 --set gpu.gradient_accumulation=1 \
  --set data.image_size=32 --set evaluate.knn=false --set device=cpu --run-dir run >run.txt 2>&1 ||
  fail "it does not train: $(cat run.txt)"
grep -q '"step":1' run/metrics.jsonl || fail "it left no step: $(cat run.txt)"

# The loader finds its library, its codecs and its graphs in the wheel, and needs no torch.
if ls "$folder"/installed/flowtrain/_engine*.so >/dev/null 2>&1; then
  if ldd "$folder"/installed/flowtrain/_engine*.so | grep -q torch; then fail "the loader is linked with torch"; fi
  PYTHONPATH=$folder/installed python3 - >loader.txt 2>&1 <<'END' || fail "the loader does not work: $(cat loader.txt)"
from flowtrain import Loader

with Loader("graphs/loader.yaml", {"data.kind": "sample", "sample.images": 20, "data.batch_size": 10}, arrays="dlpack") as loader:
    sizes = [len(memoryview(view)) for (view, _), _, _ in loader]
assert sizes == [10, 10], sizes
with open("/proc/self/maps") as file:
    used = sorted({line.split()[-1] for line in file if "flowtrain" in line or "tbb" in line})
assert any("installed/flowtrain/bundle/lib/libflowtrain_loader.so" in path for path in used), used
assert any("installed/flowtrain/bundle/lib/libtbb" in path for path in used), used
END
else
  python3 -c 'from flowtrain import Loader' 2>loader.txt && fail "there is a loader without a module"
  grep -q "built without nanobind" loader.txt || fail "it does not say why there is no loader: $(cat loader.txt)"
fi

# pip knows what it needs, and what it is.
python3 -c 'from importlib.metadata import distribution as d; print(d("flowtrain").requires, d("flowtrain").version)' |
  grep -q "torch==2.11" || fail "its metadata names no torch"

# Without a torch it says what to do.
if PYTHONPATH=$folder/installed XDG_CACHE_HOME=$folder python3 -S -m flowtrain --version >none.txt 2>&1; then
  fail "it started without a torch"
fi
grep -q 'pip install torch==2.11.0' none.txt || fail "no help where there is no torch: $(cat none.txt)"
