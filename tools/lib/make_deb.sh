#!/usr/bin/env bash
# Makes a Debian package of a bundle (bundle.sh). PROGRAM is the one in the bundle, in a place where it can be started.
#   make_deb.sh PROGRAM BUNDLE OUT
# All of the bundle goes to /usr/lib/flowtrain. libtorch is in no package: the launcher takes Python's, and says how to
# install it where there is none.
set -euo pipefail
program=$1 bundle=$2 out=$3
root=$(readlink -f "$0")
root=${root%/*/*/*}
command -v dpkg-deb >/dev/null || {
  echo "make_deb: dpkg-deb is missing; make the package on Debian or Ubuntu" >&2
  exit 1
}
version=$(sed -n 's/^project(flowtrain VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
architecture=$(dpkg --print-architecture)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
umask 022

install -d "$tree/usr/lib" "$tree/usr/bin" "$tree/DEBIAN"
cp -r "$bundle" "$tree/usr/lib/flowtrain"
ln -s ../lib/flowtrain/flowtrain "$tree/usr/bin/flowtrain"
install -D -m 644 "$root/LICENSE" "$tree/usr/share/doc/flowtrain/copyright"
rm "$tree/usr/lib/flowtrain/LICENSE"
install -m 644 "$root/README.md" "$tree/usr/share/doc/flowtrain/"
cp -r "$root/docs" "$tree/usr/share/doc/flowtrain/docs"

lay_completion() {
  install -d "$tree/$(dirname "$2")"
  "$program" completion "$1" >"$tree/$2"
}
lay_completion bash usr/share/bash-completion/completions/flowtrain
lay_completion zsh usr/share/zsh/vendor-completions/_flowtrain
lay_completion fish usr/share/fish/vendor_completions.d/flowtrain.fish

chmod -R u+rwX,go+rX,go-w "$tree"
cat >"$tree/DEBIAN/control" <<END
Package: flowtrain
Version: $version
Architecture: $architecture
Maintainer: the authors of flowtrain <flowtrain@localhost>
Installed-Size: $(du -sk "$tree/usr" | cut -f1)
Depends: bash, libc6 (>= $(cat "$bundle/lib/glibc-version"))
Recommends: python3, python3-pip, python3-venv
Suggests: libcurl4, libarchive13, libheif1
Section: science
Priority: optional
Description: pre-trains image models without labels
 flowtrain runs SimCLR and related methods as a dataflow graph in C++, so
 that few CPU cores keep one GPU fed.
 .
 It needs torch 2.11, which no Debian package has: pip install torch==2.11.0
END
package=$out/flowtrain_${version}_$architecture.deb
# The same files make the same package.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1767225600}
export SOURCE_DATE_EPOCH
find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group --build "$tree" "$package" >/dev/null
echo "deb: $package, $(($(stat -c %s "$package") / 1048576)) MiB: sudo apt install $package"
