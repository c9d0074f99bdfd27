# A Python with torch, torchvision, timm and safetensors, for tests/export_test.py, jsonschema, for tests/schema_test.py,
# and lightly and lightning, for the examples of docs/python.md.
# shellcheck shell=bash

# shellcheck source=tools/lib/stub_cuda.sh
. "$FLOWTRAIN_LIB/stub_cuda.sh"

# Without their declared requirements: of those, only the packages in the second list are imported.
readonly EXPORT_PACKAGES=(torchvision==0.26.0 timm==1.0.31 safetensors==0.8.0 lightly==1.6.0 lightning==2.6.6
  pytorch_lightning==2.6.6 lightning_utilities==0.15.3 torchmetrics==1.9.0)
readonly EXPORT_NEEDS=(numpy pillow sympy typing_extensions jsonschema pyyaml aenum fsspec packaging tqdm)
readonly EXPORT_IMPORTS="import jsonschema, lightly.loss, lightning, numpy, PIL, timm, torch, torchvision, safetensors.torch, yaml"

# Tells the build which Python test_export uses, unless one was set by hand. Without one the test is skipped.
use_export_python() {
  local python now
  now=$(sed -n 's/^FLOWTRAIN_PYTHON:[A-Z]*=//p' "$FLOWTRAIN_BUILD/CMakeCache.txt")
  case $now in
    '') return 0 ;; # the build has no such test
    python3 | "$(cache_folder)/test-python"*) ;;
    *) return 0 ;;
  esac
  python=$(export_python) || return 0
  [ "$now" = "$python" ] || cmake "-DFLOWTRAIN_PYTHON=$python" "$FLOWTRAIN_BUILD" >/dev/null
}

# Prints a Python that can run the test, or says why there is none and fails.
export_python() {
  local tag folder
  # Cheaper than importing them.
  if python3 -c 'import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))' \
    torch torchvision safetensors PIL jsonschema yaml 2>/dev/null; then
    echo python3
    return
  fi
  tag=$(python3 -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
  folder=$(export_cache)-$tag
  [ -x "$folder/python" ] || make_export_python "$folder" "$tag" || return 1
  echo "$folder/python"
}

# Another list makes another one.
export_cache() {
  echo "$(cache_folder)/test-python-$(echo "${EXPORT_PACKAGES[*]} ${EXPORT_NEEDS[*]}" | sha256sum | cut -c 1-8)"
}

# make_export_python FOLDER TAG: once, from PyPI and the libtorch that is already unpacked. FOLDER/python starts it.
make_export_python() {
  local folder=$1 tag=$2 part=$1.part.$$ status=0
  if [ ! -f "$(torch_cache)/torch/lib/libtorch_cpu.so" ]; then
    say "test_export is skipped: it needs a Python with torch, torchvision and safetensors, and python3 has not all of them"
    return 1
  fi
  if [ -e "$folder.failed" ]; then
    say "test_export is skipped: a Python for it could not be made. Delete $folder.failed to try again."
    return 1
  fi
  mkdir -p "$part/packages"
  fill_export_python "$part" "$tag" || status=$?
  [ "$status" -ne 0 ] || mv -T "$part" "$folder" 2>/dev/null || true # another checkout was faster
  rm -rf "$part"
  return "$status"
}

fill_export_python() {
  local part=$1 tag=$2 packages=$1/packages
  step "Fetching torchvision, timm, lightly and lightning for tests, once (60 MiB)" \
    fetch_export_packages "$packages" || {
    say "test_export is skipped: PyPI could not be reached, or has no such package for this Python (see above)"
    return 1
  }
  [ -f "$(torch_cache)/python-$tag.zip" ] || fetch_python_part "$tag" || return 1
  step "Making a Python for test_export" lay_and_import "$part" "$tag" || {
    touch "${part%.part.*}.failed"
    say "test_export is skipped: torch cannot be imported (see above). Delete ${part%.part.*}.failed to try again."
    return 1
  }
}

lay_and_import() { lay_torch "$1/packages" "$2" && "$1/python" -c "$EXPORT_IMPORTS"; }

# No venv, which needs another Debian package.
fetch_export_packages() {
  local pip=(env PIP_REQUIRE_VIRTUALENV=0 python3 -m pip install --target "$1" --only-binary=:all: --no-cache-dir
    --disable-pip-version-check --retries 1 --progress-bar off)
  "${pip[@]}" --no-deps "${EXPORT_PACKAGES[@]}" && "${pip[@]}" --upgrade "${EXPORT_NEEDS[@]}"
}

# For a cache that was laid out without that part, or for another Python.
fetch_python_part() {
  local tag=$1 wheels
  wheels=$(torch_cache).wheels
  (
    flock 9
    mkdir -p "$wheels/tmp"
    WATCH_FOLDER=$wheels WATCH_MIB=$TORCH_DOWNLOAD_MIB step "Downloading torch for Python's part of it, once" \
      pip_download "$wheels" "${TORCH_WHEELS[0]}" &&
      python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); import unpack_wheel; unpack_wheel.keep_python(*sys.argv[2:])' \
        "$FLOWTRAIN_LIB" "$wheels"/torch-*"-$tag-"*.whl "$(torch_cache)"
    status=$?
    rm -rf "$wheels"
    exit "$status"
  ) 9>"$(torch_cache).lock" || {
    say "test_export is skipped: torch's wheel for this Python could not be fetched (see above)"
    return 1
  }
}

# lay_torch PACKAGES TAG: Python's part of torch, and links to the libraries.
lay_torch() {
  local packages=$1 tag=$2 cache file
  cache=$(torch_cache)
  python3 -m zipfile -e "$cache/python-$tag.zip" "$packages" || return 1
  ln -s "$cache/nvidia" "$packages/nvidia"
  for file in libc10 libc10_cuda libtorch libtorch_cpu libtorch_global_deps; do
    ln -s "$cache/torch/lib/$file.so" "$packages/torch/lib/" || return 1
  done
  ln -s "$cache/torch/lib/libgomp.so.1" "$packages/torch/lib/"
  stub_cuda "$cache/torch/lib" "$packages/torch/lib" "$packages/torchvision/_C.so" || return 1
  cat >"${packages%/*}/python" <<'END'
#!/bin/sh
PYTHONPATH=$(dirname "$(readlink -f "$0")")/packages exec python3 "$@"
END
  chmod +x "${packages%/*}/python"
}
