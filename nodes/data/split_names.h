// The names by which splits are known, in any case.
#pragma once

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "pipeline/base/text/lower_case.h"

namespace flowtrain {

// In the order in which they are looked for.
inline constexpr std::array<std::string_view, 2> kTrainNames = {"train", "training"};
inline constexpr std::array<std::string_view, 6> kJudgeNames = {"val",  "valid",   "validation",
                                                                "test", "testing", "dev"};
inline constexpr std::string_view kUnlabeled = "unlabeled";

template <typename Names>
bool IsNamed(std::string_view name, const Names& names) {
  return std::find(names.begin(), names.end(), InLowerCase(name)) != names.end();
}

// The one of these that has the first of the names that one of them has; empty: none has any.
template <typename Names>
std::string FirstNamed(const std::set<std::string>& there, const Names& names) {
  for (const std::string_view name : names) {
    for (const std::string& one : there) {
      if (InLowerCase(one) == name) return one;
    }
  }
  return {};
}

}  // namespace flowtrain
