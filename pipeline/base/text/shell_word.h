// Commands to copy into a shell.
#pragma once

#include <string>
#include <string_view>

namespace flowtrain {

// The text as one word of a POSIX shell: as it is where that is safe, else in apostrophes.
std::string ShellWord(std::string_view text);

}  // namespace flowtrain
