// The first of the lines of a text.
#pragma once

#include <string>

namespace flowtrain {

// Without the line break.
inline std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace flowtrain
