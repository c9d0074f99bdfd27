#!/usr/bin/env bash
# tools/lib/help.txt, which tools/flowtrain shows before there is a program, is what the program says.
#   help_test.sh PROGRAM
set -euo pipefail
program=$1
root=$(readlink -f "$0")
root=${root%/*/*}
text=$root/tools/lib/help.txt

# The words alone, since versions of CLI11 break lines elsewhere and write headings otherwise.
words() { tr -s '[:space:]' '\n' | tr '[:upper:]' '[:lower:]'; }
if ! cmp -s <("$program" --help | words) <(words <"$text"); then
  "$program" --help | diff -u "$text" - >&2 || true
  echo "help_test: tools/lib/help.txt is not what the program says. Mend it with: $program --help >$text" >&2
  exit 1
fi
wanted=$("$program" --version | sed -n 1p)
told=$(sed -n 's/^project(flowtrain VERSION \([0-9.]*\).*/flowtrain \1/p' "$root/CMakeLists.txt")
[ "$told" = "$wanted" ] || {
  echo "help_test: tools/flowtrain takes '$told' from CMakeLists.txt, and the program says '$wanted'" >&2
  exit 1
}
