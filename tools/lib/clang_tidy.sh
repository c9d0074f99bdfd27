# clang-tidy from PyPI, for all checkouts of a user: since 21 it passes over the declarations of libraries, which makes it
# several times as fast on libtorch's as the one in Debian.
# shellcheck shell=bash

readonly CLANG_TIDY_VERSION=23.1.4
readonly CLANG_TIDY_PROGRAM=clang_tidy/data/bin/clang-tidy # in the wheel

clang_tidy_cache() { echo "$(cache_folder)/clang-tidy-$CLANG_TIDY_VERSION"; }

# Prints the program, which fetch_clang_tidy brings.
clang_tidy() { echo "$(clang_tidy_cache)/$CLANG_TIDY_PROGRAM"; }

fetch_clang_tidy() {
  [ ! -x "$(clang_tidy)" ] || return 0
  fetch_wheel "clang-tidy $CLANG_TIDY_VERSION, once (44 MiB)" "clang-tidy==$CLANG_TIDY_VERSION" "$(clang_tidy_cache)" \
    "$CLANG_TIDY_PROGRAM" || stop "clang-tidy $CLANG_TIDY_VERSION could not be fetched from PyPI (see above)."
}
