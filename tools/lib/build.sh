# Configures and builds.
# shellcheck shell=bash

# The size of a build folder of objects and programs, tests included.
# shellcheck disable=SC2034  # used by prepare.sh
readonly BUILD_MIB=700
# The time of one core, for the program alone.
# shellcheck disable=SC2034  # used by prepare.sh
readonly BUILD_CORE_MINUTES=10

# configure PRESET TORCH [TBB]: configures if that has not been done, or was done for other libraries or another
# compiler. TBB is the prefix of a build that replaces the system's.
configure() {
  local preset=$1 torch=$2 tbb=$3 compiler wanted done_file=$FLOWTRAIN_BUILD/configured-for
  compiler=$(choose_compiler "$preset") || stop "there is no C++20 compiler (g++ 12 or clang 14). Install one, or set CXX."
  # A line each: paths may have spaces. tools/lint reads the first two.
  wanted=$compiler$'\n'$torch$'\n'$tbb
  [ ! -d "$(nanobind_cache)" ] || wanted+=$'\n'nanobind-$NANOBIND_VERSION
  if [ -f "$FLOWTRAIN_BUILD/build.ninja" ] && [ "$(cat "$done_file" 2>/dev/null)" = "$wanted" ]; then return; fi
  step "Configuring ($preset)" cmake --preset "$preset" "-DCMAKE_CXX_COMPILER=$compiler" "-DFLOWTRAIN_TORCH=$torch" \
    ${tbb:+"-DTBB_DIR=$tbb/lib/cmake/TBB"} ||
    stop "configuring failed (see above). Mend what it names; if all seems well, delete $FLOWTRAIN_BUILD and run this again."
  echo "$wanted" >"$done_file"
}

# build PRESET TARGET…: shows ninja's own progress on a terminal, elsewhere one line per tenth.
build() {
  local preset=$1 log=$FLOWTRAIN_BUILD/build.log start=$SECONDS status=0
  shift
  say "Building ($preset): $* …"
  if [ -t 2 ]; then
    cmake --build --preset "$preset" --target "$@" >&2 || status=$?
  else
    cmake --build --preset "$preset" --target "$@" 2>&1 | tee "$log" | show_tenths >&2 || status=${PIPESTATUS[0]}
    [ "$status" -eq 0 ] || grep -E -A 12 'error:|FAILED' "$log" | head -n 60 >&2 || true
  fi
  [ "$status" -eq 0 ] || stop "the build failed (see above). A compiler that was killed means too little memory:" \
    "CMAKE_BUILD_PARALLEL_LEVEL=1 builds one file at a time."
  say "  done in $((SECONDS - start)) s"
}

# From ninja's "[12/90] Building …" lines, prints one at each tenth.
show_tenths() {
  awk -F'[][/]' '/^\[[0-9]+\/[0-9]+\]/ {
    tenth = int(10 * $2 / $3)
    if (tenth > last) { printf "flowtrain:   %d of %d\n", $2, $3; fflush(); last = tenth }
  }'
}

# Compiling a file with libtorch's headers takes 1.5 GB: runs as many compilers at once as the memory allows.
limit_jobs() {
  local memory_gb cores
  [ -z "${CMAKE_BUILD_PARALLEL_LEVEL:-}" ] || return 0
  memory_gb=$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
  cores=$(nproc)
  if [ $((memory_gb * 2 / 3)) -lt "$cores" ]; then
    export CMAKE_BUILD_PARALLEL_LEVEL=$((memory_gb * 2 / 3 > 1 ? memory_gb * 2 / 3 : 1))
    say "building $CMAKE_BUILD_PARALLEL_LEVEL files at a time: $memory_gb GB of memory are free"
  fi
}
