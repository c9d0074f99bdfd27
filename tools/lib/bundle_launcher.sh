#!/usr/bin/env bash
# Starts a bundled flowtrain with the torch 2.11 of this machine: the one FLOWTRAIN_TORCH names, or that of python3, or
# the one that tools/flowtrain fetched.
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)

find_torch() {
  local folder python
  for folder in "${FLOWTRAIN_TORCH:-}" "${FLOWTRAIN_TORCH:+$FLOWTRAIN_TORCH/torch}" \
    "${XDG_CACHE_HOME:-$HOME/.cache}/flowtrain/libtorch-2.11.0/torch"; do
    [ -n "$folder" ] && [ -f "$folder/lib/libtorch_cpu.so" ] && { echo "$folder"; return; }
  done
  for python in python3 python; do
    folder=$("$python" -c 'import importlib.util as u; print(list(u.find_spec("torch").submodule_search_locations)[0])' 2>/dev/null)
    [ -f "$folder/lib/libtorch_cpu.so" ] && { echo "$folder"; return; }
  done
}

torch=$(find_torch)
if [ -z "$torch" ]; then
  echo "error: no libtorch was found. Install torch 2.11 (pip install torch==2.11.0) or set FLOWTRAIN_TORCH to a torch folder." >&2
  exit 1
fi
# After libtorch's own folder: its libraries fit each other.
export LD_LIBRARY_PATH="$torch/lib:$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$here/bin/flowtrain" "$@"
