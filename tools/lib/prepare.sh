# From a bare machine to built targets; asks for all that is needed before it fetches anything.
# shellcheck shell=bash disable=SC1091

FLOWTRAIN_LIB=$FLOWTRAIN_ROOT/tools/lib
. "$FLOWTRAIN_LIB/say.sh"
. "$FLOWTRAIN_LIB/cache.sh"
. "$FLOWTRAIN_LIB/packages.sh"
. "$FLOWTRAIN_LIB/torch_version.sh"
. "$FLOWTRAIN_LIB/libtorch.sh"
. "$FLOWTRAIN_LIB/nanobind.sh"
. "$FLOWTRAIN_LIB/clang_tidy.sh"
. "$FLOWTRAIN_LIB/tsan_tbb.sh"
. "$FLOWTRAIN_LIB/build.sh"

# prepare PRESET STAMP TARGET… [-- PACKAGE…]: builds the targets; afterwards the stamp names the libtorch they were
# built with and bears the time when the build began, so that a file saved meanwhile counts as newer. The packages are
# needed in addition to those of a build.
prepare() {
  local preset=$1 stamp=$2 targets=() missing torch='' tbb=''
  shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do targets+=("$1"); shift; done
  [ $# -eq 0 ] || shift
  [ "$(uname -sm)" = "Linux x86_64" ] ||
    stop "flowtrain is for Linux on x86_64, and this is $(uname -sm). Under Windows, use WSL2."
  check_own_build
  cd "$FLOWTRAIN_ROOT" || exit 1

  exec 8>"$FLOWTRAIN_BUILD/lock"
  flock -n 8 || { say "waiting for another set-up of this checkout"; flock 8; }
  if [ "$preset" != tsan-engine ]; then torch=$(find_libtorch) || exit 1; fi
  missing=$(wanted_packages "$preset" "$@")
  ask_first "$torch" "$missing"
  # shellcheck disable=SC2086  # a list of words
  [ -z "$missing" ] || install_packages "$preset" $missing
  [ "$torch" != "$(torch_cache)/torch" ] || cache_complete "$(torch_cache)" || fetch_libtorch "$(torch_cache)"
  [ -z "$torch" ] || fetch_nanobind
  : >"$stamp.new"
  limit_jobs
  if [[ $preset = tsan* ]]; then
    tbb=$(find_tsan_tbb) || exit 1
    fetch_tsan_tbb "$tbb"
  fi
  configure "$preset" "$torch" "$tbb"
  build "$preset" "${targets[@]}"
  write_stamp "$stamp" "$torch"
  flock -u 8
}

# Stops where the build would fail halfway, since the checkout or what is in the build folder is another user's.
check_own_build() {
  local foreign
  if ! can_make "$FLOWTRAIN_BUILD"; then
    stop "$FLOWTRAIN_BUILD cannot be written: this checkout belongs to $(owner_of "$FLOWTRAIN_ROOT"), and you are" \
      "$(id -un). Copy the checkout to a folder of yours, or let $(owner_of "$FLOWTRAIN_ROOT") run this once."
  fi
  mkdir -p "$FLOWTRAIN_BUILD"
  foreign=$(find "$FLOWTRAIN_BUILD" -maxdepth 2 -type f ! -writable -print -quit 2>/dev/null)
  if [ -n "$foreign" ]; then
    stop "$foreign cannot be written: it belongs to $(owner_of "$foreign"), and you are $(id -un). Was this run with sudo" \
      "before? Delete $FLOWTRAIN_BUILD, or: sudo chown -R $(id -un) $FLOWTRAIN_BUILD"
  fi
}

# Prints the packages to install for PRESET, including those given and a compiler.
wanted_packages() {
  local preset=$1
  shift
  if ! command -v apt-get >/dev/null; then
    check_without_apt "$preset"
    return
  fi
  local decoders=()
  mapfile -t decoders < <(known_packages "${DECODER_PACKAGES[@]}")
  missing_packages "${PACKAGES[@]}" "${decoders[@]}" "$@" | tr '\n' ' '
  # Where apt has no lists yet, this guesses; install_packages looks again.
  choose_compiler "$preset" >/dev/null || compiler_package "$preset"
}

# Says what will be fetched, and stops now rather than halfway if there is no room, or no right to install.
ask_first() {
  local torch=$1 missing=$2 cache fetch='' needs=()
  cache=$(torch_cache)
  if [ "$torch" = "$cache/torch" ] && ! cache_complete "$cache"; then fetch=$cache; fi
  [ -z "$missing$fetch" ] || announce "$missing" "$fetch"
  [ -z "$missing" ] || needs+=(/usr "$PACKAGES_MIB")
  [ -z "$fetch" ] || needs+=("$cache" "$(libtorch_space "$cache")")
  if [ ! -f "$FLOWTRAIN_BUILD/build.ninja" ]; then needs+=("$FLOWTRAIN_BUILD" "$BUILD_MIB"); fi
  [ ${#needs[@]} -eq 0 ] || check_space "${needs[@]}"
  [ -z "$missing$fetch" ] || leave_time_to_stop
  # shellcheck disable=SC2086  # a list of words
  [ -z "$missing" ] || check_root $missing
}

# announce PACKAGES CACHE: what is missing, what it costs and what comes next. CACHE is empty if libtorch is there.
announce() {
  local missing=$1 cache=$2 mebibytes=0 sudo=''
  say "this machine lacks some of what flowtrain needs. What will be done, once:"
  if [ -n "$missing" ]; then
    [ "$(id -u)" -eq 0 ] || sudo='sudo '
    say "  packages: ${sudo}apt-get install ${missing% }"
    # shellcheck disable=SC2086  # a list of words
    say "            $(packages_cost $missing)"
    mebibytes=$PACKAGES_DOWNLOAD_MIB
  fi
  if [ -n "$cache" ]; then
    say "  libtorch: $TORCH_VERSION from PyPI, to $cache"
    say "            $(libtorch_download "$cache") MiB to download, $(libtorch_disk "$cache") MiB on the disk"
    mebibytes=$((mebibytes + $(libtorch_download "$cache")))
  fi
  say "  build:    in $FLOWTRAIN_BUILD, at most $BUILD_MIB MiB"
  say "About $((1 + mebibytes / 600 + BUILD_CORE_MINUTES / $(nproc))) minutes in all on $(nproc) cores, where 10 MiB/s come in."
}

# Only if someone may be watching. Nothing has been done so far.
leave_time_to_stop() {
  [ -t 2 ] || return 0
  say "press Ctrl-C now to stop; it goes on in 5 seconds"
  sleep 5
}

write_stamp() {
  local stamp=$1 torch=$2
  echo "$torch" >"$stamp.torch"
  touch -r "$stamp.new" "$stamp.torch"
  mv "$stamp.torch" "$stamp"
  rm "$stamp.new"
}
