// Case of ASCII letters, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace flowtrain {

constexpr char InLowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string InLowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = InLowerCase(c);
  return lower;
}

}  // namespace flowtrain
