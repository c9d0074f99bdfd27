// Paths in commands to copy into a shell.
#pragma once

#include <string>

#include "pipeline/base/files/expand_path.h"
#include "pipeline/base/text/shell_word.h"

namespace flowtrain {

// The path as one word of a command of this program, which replaces `~` and variables in it.
inline std::string PathWord(const std::string& path) { return ShellWord(EscapePath(path)); }

}  // namespace flowtrain
