# Debian and Ubuntu packages.
# shellcheck shell=bash

# Build tools and libraries; python3-pip fetches libtorch's wheel.
readonly PACKAGES=(cmake ninja-build ccache python3 python3-dev python3-pip ca-certificates libtbb-dev libyaml-cpp-dev
  libspdlog-dev libxxhash-dev libcli11-dev nlohmann-json3-dev libjpeg-dev libspng-dev libhwy-dev libwebp-dev libtiff-dev
  libopenjp2-7-dev libheif-dev libgif-dev libcurl4-openssl-dev libarchive-dev libgloo-dev
  libgtest-dev libgmock-dev libbenchmark-dev)
# Decoders of HEIC and AVIF: in Debian 12 and Ubuntu 22.04 they are part of libheif1, in later releases packages of their own.
# shellcheck disable=SC2034  # used by prepare.sh
readonly DECODER_PACKAGES=(libheif-plugin-libde265 libheif-plugin-aomdec)
# Measured on a bare Debian 12, compiler included: what apt downloads, what is on the disk afterwards, and the space
# that installing takes, with apt's lists and a margin.
# shellcheck disable=SC2034  # used by prepare.sh
readonly PACKAGES_DOWNLOAD_MIB=116 PACKAGES_DISK_MIB=484 PACKAGES_MIB=900

# Prints the first of the named compilers that is installed and new enough.
first_compiler() {
  local compiler version least
  for compiler in "$@"; do
    version=$("$compiler" -dumpversion 2>/dev/null | cut -d. -f1) || true
    case $compiler in *clang*) least=14 ;; *) least=12 ;; esac
    if [ "${version:-0}" -ge "$least" ]; then
      echo "$compiler"
      return
    fi
  done
  return 1
}

# Prints the compiler to configure PRESET with: g++ 12 or newer, else clang 14 or newer.
choose_compiler() {
  if [ "$1" = clang ] || [ "$1" = fuzz ]; then
    first_compiler clang++-14 clang++
  elif [ -n "${CXX:-}" ]; then
    echo "$CXX"
  else
    first_compiler g++ g++-14 g++-13 g++-12 clang++ clang++-14
  fi
}

# Prints the package of a compiler for PRESET. apt's lists must be there: Ubuntu 22.04's default g++ is too old, but its
# g++-12 is not.
compiler_package() {
  local major
  if [ "$1" = clang ] || [ "$1" = fuzz ]; then
    echo clang-14
    return
  fi
  major=$(apt-cache policy g++ 2>/dev/null | sed -n 's/.*Candidate: [0-9]*:*\([0-9]*\)\..*/\1/p')
  if [ "${major:-12}" -ge 12 ]; then echo g++; else echo g++-12; fi
}

# Prints those of the named packages that are not installed.
missing_packages() {
  local installed package
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p') || true
  for package in "$@"; do
    grep -qx -- "$package" <<<"$installed" || echo "$package"
  done
}

# Prints those of the named packages that apt knows.
known_packages() {
  LC_ALL=C apt-cache policy "$@" 2>/dev/null |
    awk '/^[^ ]/ {name = $1; sub(":$", "", name)} $1 == "Candidate:" && $2 != "(none)" {print name}'
}

# packages_cost PACKAGE…: as apt calculates it, if it has its lists.
packages_cost() {
  local plan download disk
  plan=$(LC_ALL=C apt-get -q --assume-no --no-install-recommends install "$@" 2>/dev/null) || true # it was told no
  download=$(sed -n 's/^Need to get \([^/]*\).* of archives.*/\1/p' <<<"$plan")
  disk=$(sed -n 's/^After this operation, \(.*\) of additional disk space.*/\1/p' <<<"$plan")
  if [ -n "$download" ] && [ -n "$disk" ]; then
    echo "$download to download, $disk on the disk"
  else
    echo "about $PACKAGES_DOWNLOAD_MIB MiB to download and $PACKAGES_DISK_MIB MiB on the disk where all are missing"
  fi
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# check_root PACKAGE…: stops if packages are missing and this user cannot install them.
check_root() {
  [ "$(id -u)" -ne 0 ] || return 0
  local ask="ask an administrator to run: apt-get install $*"
  command -v sudo >/dev/null || stop "packages are missing and there is no sudo. Please $ask"
  sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; } ||
    stop "installing packages needs sudo. Run this in a terminal and give the password, or $ask"
}

# Without apt, the machine's owner has installed the packages by hand, or must do so.
check_without_apt() {
  local preset=$1
  if ! command -v cmake >/dev/null || ! command -v ninja >/dev/null || ! choose_compiler "$preset" >/dev/null; then
    stop "this machine has no apt-get (Debian, Ubuntu), so the packages are yours to install. Needed: a C++20 compiler" \
      "(g++ 12 or clang 14), and what Debian calls ${PACKAGES[*]}. Then run this again."
  fi
}

# install_packages PRESET PACKAGE…: installs the named ones, and a compiler if there is none.
install_packages() {
  local preset=$1 compiler
  shift
  # A failure here is not final: the lists may be good enough, and a third party's archive may be the one that failed.
  step "Fetching apt's package lists" apt_get update || say "fetching apt's lists failed in part (see above); going on"
  if ! choose_compiler "$preset" >/dev/null; then
    compiler=$(compiler_package "$preset")  # known better now than when the packages were announced
    [[ " $* " = *" $compiler "* ]] || set -- "$@" "$compiler"
  fi
  step "Installing packages with apt-get: $*" apt_get install -y --no-install-recommends "$@" ||
    stop "apt-get could not install the packages (see above). Is there a network? Mend what it names, then run this" \
      "again, or install them yourself: apt-get install $*"
}

# Waits for another apt, such as the updates of a machine that has just started.
apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}
