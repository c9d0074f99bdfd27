// What the doctor says of one thing.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace flowtrain {

struct Finding {
  enum class Level { kGood, kWarning, kBad };

  Level level = Level::kGood;
  std::string subject;  // "GPU driver"
  std::string text;     // what is found
  std::string remedy;   // the command or setting that mends it; empty: nothing to mend
};
using Findings = std::vector<Finding>;

inline Finding Good(std::string subject, std::string text) {
  return {Finding::Level::kGood, std::move(subject), std::move(text), {}};
}
inline Finding Warn(std::string subject, std::string text, std::string remedy) {
  return {Finding::Level::kWarning, std::move(subject), std::move(text), std::move(remedy)};
}
inline Finding Fault(std::string subject, std::string text, std::string remedy) {
  return {Finding::Level::kBad, std::move(subject), std::move(text), std::move(remedy)};
}

}  // namespace flowtrain
