# Debian and Ubuntu packages.
# shellcheck shell=bash

# Compiler, build tools and libraries; python3-pip fetches libtorch's wheel.
readonly PACKAGES="cmake ninja-build ccache pkg-config python3 python3-pip ca-certificates unzip \
libtbb-dev libopencv-dev libyaml-cpp-dev libspdlog-dev libcli11-dev nlohmann-json3-dev libjpeg-dev \
libgtest-dev libgmock-dev"

# The oldest compiler that builds flowtrain is g++ 12: Ubuntu 22.04 has it beside its default.
compiler_packages() {
  local version
  version=$(g++ -dumpversion 2>/dev/null | cut -d. -f1)
  if [ "${version:-0}" -ge 12 ] || command -v g++-12 >/dev/null; then return; fi
  if [ -n "$(apt-cache policy g++-12 2>/dev/null)" ] && ! apt-cache policy g++ 2>/dev/null | grep -q 'Candidate: 4:1[2-9]'; then
    echo g++-12
  else
    echo g++
  fi
}

# Those of the named packages that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Asks for everything that is needed before the first package is touched.
install_packages() {
  local missing
  if ! command -v apt-get >/dev/null; then
    command -v cmake >/dev/null && command -v ninja >/dev/null && return
    stop "this script installs packages with apt-get, which is not here. Install the like of: $PACKAGES g++; then run: cmake --preset release && cmake --build --preset release"
  fi
  # shellcheck disable=SC2046,SC2086  # lists of words
  missing=$(missing_packages $PACKAGES)
  # Where apt has no lists yet (a new container), the compiler's version is not known before they are fetched.
  if [ -z "$missing" ] && [ -z "$(compiler_packages)" ]; then return; fi
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    stop "packages are missing and there is no sudo. Ask an administrator to run: apt-get install" $missing "$(compiler_packages)"
  fi
  need_space /usr 2500 "Installing packages"
  say "packages to install with apt-get:" $missing "$(compiler_packages)"
  if [ "$(id -u)" -ne 0 ]; then
    sudo -v || stop "installing packages needs sudo. Run this again and give the password, or ask an administrator to run: apt-get install" $missing
  fi
  step "Fetching apt's package lists" as_root apt-get update -q ||
    stop "apt-get update failed (see above): is there a network?"
  # shellcheck disable=SC2046,SC2086
  step "Installing packages" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends $missing $(compiler_packages) ||
    stop "apt-get install failed (see above). Mend what it names, then run this again."
}

# The compiler to configure with: the default where it is new enough.
choose_compiler() {
  local version
  if [ -n "${CXX:-}" ]; then echo "$CXX"; return; fi
  version=$(g++ -dumpversion 2>/dev/null | cut -d. -f1)
  if [ "${version:-0}" -ge 12 ]; then echo g++; else echo g++-12; fi
}
