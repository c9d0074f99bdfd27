# libtorch: an installed one, or PyPI's wheel unpacked in a folder that all checkouts of a user share.
# shellcheck shell=bash

readonly TORCH_VERSION=2.11.0
# The wheel is linked with these two also where there is no GPU.
readonly RUNTIME_WHEELS="nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85"
# What libtorch_cuda.so needs beyond them: the versions that torch 2.11.0 and cuda-toolkit 13.0.2 ask for.
readonly CUDA_WHEELS="nvidia-cublas==13.1.0.3 nvidia-cufft==12.0.0.61 nvidia-cufile==1.15.1.6 \
nvidia-curand==10.4.0.35 nvidia-cusolver==12.0.4.66 nvidia-cusparse==12.6.3.3 nvidia-nvjitlink==13.0.88 \
nvidia-cuda-nvrtc==13.0.88 nvidia-nvtx==13.0.85 nvidia-cudnn-cu13==9.19.0.56 nvidia-cusparselt-cu13==0.8.0 \
nvidia-nccl-cu13==2.28.9 nvidia-nvshmem-cu13==3.4.5"

torch_cache() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/flowtrain/libtorch-$TORCH_VERSION"; }

has_nvidia_driver() {
  [ -e /proc/driver/nvidia/version ] || [ -e /usr/lib/wsl/lib/libcuda.so.1 ] || [ -e /dev/nvidiactl ]
}

# The torch folder of a Python environment, where its version is one we support.
torch_of_environment() {
  local prefix=$1 folder version
  for folder in "$prefix"/lib/python3.*/site-packages/torch; do
    [ -f "$folder/lib/libtorch_cpu.so" ] || continue
    version=$(sed -n "s/^__version__ = '\([0-9.]*\).*/\1/p" "$folder/version.py")
    case $version in
      2.11.*) echo "$folder"; return ;;
      *) say "torch $version in $prefix is passed over: flowtrain needs 2.11" ;;
    esac
  done
}

# Prints the torch folder to build with; fetches it where there is none.
find_libtorch() {
  local folder
  if [ -n "${FLOWTRAIN_TORCH:-}" ]; then
    for folder in "$FLOWTRAIN_TORCH" "$FLOWTRAIN_TORCH/torch"; do
      [ -f "$folder/lib/libtorch_cpu.so" ] && { echo "$folder"; return; }
    done
    stop "FLOWTRAIN_TORCH=$FLOWTRAIN_TORCH holds no libtorch (lib/libtorch_cpu.so). Name a torch folder, or unset it."
  fi
  for folder in "${VIRTUAL_ENV:-}" "${CONDA_PREFIX:-}"; do
    [ -n "$folder" ] || continue
    folder=$(torch_of_environment "$folder")
    [ -n "$folder" ] && { echo "$folder"; return; }
  done
  fetch_libtorch || return 1
  echo "$(torch_cache)/torch"
}

fetch_libtorch() {
  local cache
  cache=$(torch_cache)
  if [ -f "$cache/complete" ] && { ! has_nvidia_driver || [ -f "$cache/complete-cuda" ]; }; then return; fi
  mkdir -p "$(dirname "$cache")" || stop "cannot make $(dirname "$cache"). Set XDG_CACHE_HOME to a folder you may write to."
  (
    flock 9  # two checkouts may set up at the same time
    [ -f "$cache/complete" ] || fetch_wheels "$cache" complete 3000 "torch==$TORCH_VERSION" $RUNTIME_WHEELS
    if has_nvidia_driver && [ ! -f "$cache/complete-cuda" ]; then
      fetch_wheels "$cache" complete-cuda 7000 $CUDA_WHEELS
    fi
  ) 9>"$(dirname "$cache")/lock"
}

# fetch_wheels CACHE MARK MEBIBYTES WHEEL…
fetch_wheels() {
  local cache=$1 mark=$2 space=$3 wheels=$1.wheels
  shift 3
  need_space "$(dirname "$cache")" "$space" "libtorch $TORCH_VERSION"
  mkdir -p "$wheels" "$cache"
  step "Downloading $* (one time)" download_wheels "$wheels" "$@" ||
    stop "the download failed (see above). Is PyPI reachable? Run this again to go on, or set FLOWTRAIN_TORCH to an installed torch 2.11."
  step "Unpacking libtorch to $cache" unpack_wheels "$wheels" "$cache" ||
    stop "unpacking failed (see above). Free disk space at $cache, then run this again."
  rm -rf "$wheels"
  touch "$cache/$mark"
}

download_wheels() {
  local folder=$1
  shift
  # Headers and libraries do not depend on the Python version that the wheel is for.
  python3 -m pip download --no-deps --disable-pip-version-check --only-binary=:all: --implementation cp --python-version 3.11 \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux_2_25_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 -d "$folder" "$@"
}

unpack_wheels() {
  local wheel
  for wheel in "$1"/*.whl; do
    # Python's own parts of torch (tens of thousands of small files) stay behind.
    python3 - "$wheel" "$2" <<'PYTHON' || return 1
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
wanted = ("torch/lib/", "torch/include/", "nvidia/")
for item in archive.infolist():
    if item.filename.startswith(wanted) and not item.filename.endswith("libtorch_python.so"):
        archive.extract(item, sys.argv[2])
PYTHON
  done
}
