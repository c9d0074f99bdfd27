# How long the parts of a script take, as a table before the tests' closing lines.
# shellcheck shell=bash

# The file that collects the times: that of the script that started this one, if there is one.
if [ -z "${FLOWTRAIN_TIMES:-}" ]; then
  FLOWTRAIN_TIMES=$(mktemp)
  trap 'rm -f "$FLOWTRAIN_TIMES"' EXIT
fi

# part NAME COMMAND…: runs it and records its seconds.
part() {
  local name=$1 start=$SECONDS
  shift
  "$@"
  note_part "$name" $((SECONDS - start))
}

note_part() { printf '%6d s  %s\n' "$2" "$1" >>"$FLOWTRAIN_TIMES"; }

# part_of_tests COMMAND…: the same for ctest, with the table of all parts before its closing lines.
part_of_tests() {
  local start=$SECONDS line
  "$@" 2>&1 | while IFS= read -r line; do
    if [[ $line =~ ^[0-9]+%\ tests\ passed ]]; then
      note_part tests $((SECONDS - start))
      printf 'Seconds of each part:\n%s\n\n' "$(cat "$FLOWTRAIN_TIMES")"
    fi
    printf '%s\n' "$line"
  done
}
