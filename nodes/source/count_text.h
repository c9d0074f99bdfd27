// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace flowtrain {

// 105000 as "105,000".
inline std::string CountText(uint64_t count) {
  std::string text = std::to_string(count);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

}  // namespace flowtrain
