# nanobind, which the Python module is built with: a few headers and sources from PyPI, for all checkouts of a user.
# shellcheck shell=bash

readonly NANOBIND_VERSION=2.15.0

nanobind_cache() { echo "$(cache_folder)/nanobind-$NANOBIND_VERSION"; }

# Fetches it unless python3 has it or it is there. Without it the module is left out, and all else is built.
fetch_nanobind() {
  local cache
  cache=$(nanobind_cache)
  [ ! -d "$cache" ] && ! python3 -c 'import nanobind' 2>/dev/null || return 0
  can_make "$cache" || return 0
  fetch_wheel "nanobind for the Python module, once (1 MiB)" "nanobind==$NANOBIND_VERSION" "$cache" ||
    say "the Python module (flowtrain.Loader) is left out: nanobind could not be fetched from PyPI (see above)"
}
