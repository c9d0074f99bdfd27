// Texts without the blanks around them.
#pragma once

#include <string_view>

namespace flowtrain {

// The text without blanks, tabs and line breaks at its beginning and end.
constexpr std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace flowtrain
