// What is said of an image that cannot be read.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace flowtrain {

// The file breaks the rules of its format.
inline std::string Damaged(const std::string& format, const std::string& what) {
  return "damaged " + format + ": " + what;
}

// A sound file, of a kind that is not read: "12-bit JPEG".
inline std::string NotSupported(const std::string& kind) { return kind + ": not supported"; }

// The file ends early: `have` of its `whole` rows (or bytes) are there.
inline std::string CutOff(const std::string& format, uint64_t have, uint64_t whole,
                          const char* of = "rows") {
  const double share =
      whole == 0 ? 0.0 : static_cast<double>(have) / static_cast<double>(whole) * 100;
  const int percent = std::clamp(static_cast<int>(share), 0, 99);
  return "cut-off " + format + ": it ends at " + std::to_string(percent) + " % of its " + of;
}

inline bool Refuse(std::string* why, std::string text) {
  *why = std::move(text);
  return false;
}

}  // namespace flowtrain
