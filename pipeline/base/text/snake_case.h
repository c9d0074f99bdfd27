// Names of C++ classes as names of files and nodes.
#pragma once

#include <cctype>
#include <string>
#include <string_view>

namespace flowtrain {

// "dual_view_augment" for DualViewAugment; of capitals in a row none but the first begins a word.
inline std::string SnakeCase(std::string_view name) {
  const auto is_upper = [](char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; };
  std::string snake;
  for (size_t i = 0; i < name.size(); ++i) {
    if (is_upper(name[i]) && i > 0 && !is_upper(name[i - 1])) snake += '_';
    snake += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
  }
  return snake;
}

}  // namespace flowtrain
