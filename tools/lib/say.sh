# What the scripts say while they work, and how they stop.
# shellcheck shell=bash

say() { printf 'flowtrain: %s\n' "$*" >&2; }

# Stops with a sentence that says what to do.
stop() {
  printf 'flowtrain: error: %s\n' "$*" >&2
  exit 1
}

# Compilers, pip and mktemp put their files there.
if [ -n "${TMPDIR:-}" ] && ! { [ -d "$TMPDIR" ] && [ -w "$TMPDIR" ]; }; then
  say "TMPDIR=$TMPDIR is not a folder that can be written to: it is passed over"
  unset TMPDIR
fi

# The user to whom a file or folder belongs.
owner_of() { stat -c %U "$1"; }

# step TEXT COMMAND…: runs a command that may take long. Its output goes to a log, whose end is shown if the command
# fails. WATCH_FOLDER and WATCH_MIB, if set, name a folder that grows to that size, from which progress is reported.
step() {
  local text=$1 log=$FLOWTRAIN_BUILD/setup.log start=$SECONDS beat status=0
  shift
  mkdir -p "$FLOWTRAIN_BUILD"
  say "$text …"
  # The heartbeat runs in the background, not the command: a background command would not see Ctrl-C.
  heartbeat "$start" &
  beat=$!
  "$@" >"$log" 2>&1 </dev/null || status=$?
  kill "$beat" 2>/dev/null || true
  wait "$beat" 2>/dev/null || true
  [ -t 2 ] && printf '\r\033[K' >&2
  if [ "$status" -ne 0 ]; then
    tail -n 25 "$log" >&2
    return "$status"
  fi
  say "  done in $((SECONDS - start)) s"
}

# Reports every second on a terminal, every 15 s elsewhere, how far the step is; ends with the script.
heartbeat() {
  local start=$1 elapsed
  while sleep 1 && kill -0 $$ 2>/dev/null; do
    elapsed=$((SECONDS - start))
    if [ -t 2 ]; then
      printf '\r\033[Kflowtrain:   %s' "$(progress "$elapsed")" >&2
    elif [ $((elapsed % 15)) -eq 0 ]; then
      say "  $(progress "$elapsed")"
    fi
  done
}

progress() {
  printf '%s s' "$1"
  if [ -n "${WATCH_FOLDER:-}" ]; then
    printf ', %s of about %s MiB' "$(du -sm "$WATCH_FOLDER" 2>/dev/null | cut -f1)" "$WATCH_MIB"
  fi
}

# check_space FOLDER MEBIBYTES…: stops unless every disk has room for everything that will go to it.
check_space() {
  local folder disk free
  local -A need=() folders=()
  while [ $# -gt 0 ]; do
    folder=$(existing_folder "$1")
    disk=$(disk_of "$folder")
    need[$disk]=$((${need[$disk]:-0} + $2))
    folders[$disk]=$folder
    shift 2
  done
  for disk in "${!need[@]}"; do
    folder=${folders[$disk]}
    free=$(df -Pk "$folder" 2>/dev/null | awk 'NR == 2 {print int($4 / 1024)}')
    if [ -n "$free" ] && [ "$free" -lt "${need[$disk]}" ]; then
      stop "setting up needs ${need[$disk]} MiB on the disk of $folder, which has $free MiB free. Free some space there," \
        "or set XDG_CACHE_HOME to a folder on another disk (libtorch goes there)."
    fi
  done
}

# The folder, or the nearest existing one above it.
existing_folder() {
  local folder=$1
  until [ -d "$folder" ]; do folder=$(dirname "$folder"); done
  echo "$folder"
}

# A name for the disk that holds a folder: its device or, if it is not on one (overlay, tmpfs), its mount point.
disk_of() {
  df -P "$1" 2>/dev/null | awk 'NR == 2 {print ($1 ~ /^\//) ? $1 : $6}' | grep . || echo "$1"
}
