# Configures and builds, when something changed since the last time.
# shellcheck shell=bash

readonly SOURCES="CMakeLists.txt CMakePresets.json cmake pipeline nodes tools tests graphs configs"

# up_to_date STAMP: nothing is newer than the stamp. Cheap: this is all that a later call costs.
up_to_date() {
  # shellcheck disable=SC2086
  [ -f "$1" ] && [ -z "$(cd "$FLOWTRAIN_ROOT" && find $SOURCES -newer "$1" -print -quit)" ]
}

configure() {
  local preset=$1 torch=$2
  shift 2
  cmake --preset "$preset" -DCMAKE_CXX_COMPILER="$(choose_compiler)" \
    ${torch:+"-DFLOWTRAIN_TORCH=$torch"} "$@"
}

# build PRESET TARGET…: with a line a file where the output is a terminal, else a line a tenth.
build() {
  local preset=$1 log=$FLOWTRAIN_BUILD/build.log
  shift
  say "Building ($preset) …"
  local start=$SECONDS
  if [ -t 2 ]; then
    cmake --build --preset "$preset" --target "$@" >&2 || return 1
  else
    cmake --build --preset "$preset" --target "$@" 2>&1 | tee "$log" | show_tenths >&2
    [ "${PIPESTATUS[0]}" -eq 0 ] || { grep -E -A 12 'error|FAILED' "$log" | head -n 60 >&2; return 1; }
  fi
  say "Building ($preset): done in $((SECONDS - start)) s"
}

# Of ninja's "[12/90] Building …" lines, one at each tenth.
show_tenths() {
  awk -F'[][/]' '/^\[[0-9]+\/[0-9]+\]/ {
    tenth = int(10 * $2 / $3)
    if (tenth != last) { printf "flowtrain:   %d of %d\n", $2, $3; fflush(); last = tenth }
  }'
}

# prepare PRESET TARGET…: everything from a bare machine to built targets.
prepare() {
  local preset=$1 torch=''
  shift
  cd "$FLOWTRAIN_ROOT" || exit 1
  install_packages
  need_space "$FLOWTRAIN_ROOT" 1500 "Building"
  if [ "$preset" != tsan ]; then torch=$(find_libtorch) || exit 1; fi
  if [ ! -f "$FLOWTRAIN_BUILD/build.ninja" ]; then
    step "Configuring ($preset)" configure "$preset" "$torch" ||
      stop "configuring failed (see above)"
  fi
  build "$preset" "$@" || stop "the build failed (see above)"
}
