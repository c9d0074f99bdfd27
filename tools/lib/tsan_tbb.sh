# oneTBB built for ThreadSanitizer. A distribution's libtbb.so is not instrumented: the sanitizer cannot see how it
# passes a task from one thread to the next, and takes what TBB guarantees for races.
# shellcheck shell=bash

# The source is that of the installed libtbb-dev, so that headers and library agree.
tsan_tbb_cache() {
  local version
  version=$(dpkg-query -W -f '${Version}' libtbb-dev 2>/dev/null) ||
    stop "ThreadSanitizer needs oneTBB's source, which comes from apt, and libtbb-dev is not installed by apt here." \
      "Build oneTBB with -DTBB_SANITIZE=thread and name its prefix in FLOWTRAIN_TSAN_TBB."
  echo "$(cache_folder)/tbb-tsan-${version//[^0-9.]/_}"
}

# find_tsan_tbb: prints the prefix of an oneTBB with ThreadSanitizer; fetch_tsan_tbb fills it.
find_tsan_tbb() { if [ -n "${FLOWTRAIN_TSAN_TBB:-}" ]; then echo "$FLOWTRAIN_TSAN_TBB"; else tsan_tbb_cache; fi; }

# fetch_tsan_tbb PREFIX: fetches the source with apt and builds it there, once. Ends the script with 77 if apt has no
# sources: an archive need not have them.
fetch_tsan_tbb() {
  local prefix=$1 work=$1.part
  [ ! -f "$prefix/complete" ] || return 0
  [ -z "${FLOWTRAIN_TSAN_TBB:-}" ] || return 0
  rm -rf "$work"
  mkdir -p "$work/apt/lists/partial" "$work/apt/sources"
  source_entries >"$work/apt/sources/source.sources"
  step "Fetching oneTBB's source with apt" tbb_source "$work" || {
    say "error: apt could not fetch oneTBB's source (see above). Build oneTBB with -DTBB_SANITIZE=thread yourself and" \
      "name its prefix in FLOWTRAIN_TSAN_TBB."
    exit 77
  }
  step "Building oneTBB with ThreadSanitizer" build_tsan_tbb "$work" ||
    stop "oneTBB could not be built with ThreadSanitizer (see above)."
  rm -rf "$prefix"
  touch "$work/install/complete"
  mv "$work/install" "$prefix"
  rm -rf "$work"
}

# The distribution's entries for packages, turned into entries for sources.
source_entries() {
  local file
  for file in /etc/apt/sources.list.d/{debian,ubuntu}.sources; do
    [ ! -f "$file" ] || { sed 's/^Types:.*/Types: deb-src/' "$file"; echo; }
  done
  [ ! -f /etc/apt/sources.list ] || sed -nE 's/^deb +(\[[^]]*\] +)?([^ ]+) +([^ ]+) +(.*)/\2|\3|\4/p' /etc/apt/sources.list |
    while IFS='|' read -r uri suite components; do
      printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: %s\n\n' "$uri" "$suite" "$components"
    done
}

# tbb_source WORK: unpacks the source in a folder of WORK/source.
tbb_source() {
  local work=$1 apt=(-q -o "Dir::Etc::sourceparts=$1/apt/sources" -o Dir::Etc::sourcelist=/dev/null
    -o "Dir::State::lists=$1/apt/lists" -o APT::Sandbox::User=root -o Acquire::Retries=3) version
  version=$(dpkg-query -W -f '${source:Version}' libtbb-dev)
  apt-get "${apt[@]}" update
  (cd "$work" && apt-get "${apt[@]}" source --download-only "onetbb=$version")
  mkdir "$work/source"
  (cd "$work/source" && cmake -E tar xf "$work"/onetbb_*.orig.tar.*)
}

# Without its tests and its allocator. g++ warns that the sanitizer does not see atomic fences.
build_tsan_tbb() {
  cmake -S "$1"/source/* -B "$1/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTBB_SANITIZE=thread -DTBB_TEST=OFF \
    -DTBB_STRICT=OFF -DTBBMALLOC_BUILD=OFF -DCMAKE_CXX_FLAGS=-Wno-tsan "-DCMAKE_INSTALL_PREFIX=$1/install" &&
    cmake --build "$1/build" && cmake --install "$1/build"
}
