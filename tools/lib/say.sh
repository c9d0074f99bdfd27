# What the scripts say, and how they stop.
# shellcheck shell=bash

say() { printf 'flowtrain: %s\n' "$*" >&2; }

# Stops with a sentence that says what to do.
stop() {
  printf 'flowtrain: error: %s\n' "$*" >&2
  exit 1
}

# step TEXT COMMAND…: runs a command that may take long; its output goes to a log, of which the end is shown when it
# fails. Says how long it took.
step() {
  local text=$1 log start=$SECONDS
  shift
  mkdir -p "$FLOWTRAIN_BUILD"
  log=$FLOWTRAIN_BUILD/setup.log
  say "$text …"
  if ! "$@" >"$log" 2>&1; then
    tail -n 25 "$log" >&2
    return 1
  fi
  say "$text: done in $((SECONDS - start)) s"
}

# need_space FOLDER MEBIBYTES WHAT: stops when the disk of FOLDER has less free.
need_space() {
  local folder=$1 need=$2 what=$3 free
  while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
  free=$(($(df -Pk "$folder" | awk 'NR == 2 {print $4}') / 1024))
  [ "$free" -ge "$need" ] ||
    stop "$what needs $need MiB on the disk of $folder, which has $free MiB free. Free some space, or set XDG_CACHE_HOME (libtorch) to a folder on another disk."
}
