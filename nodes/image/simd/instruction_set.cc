#include "nodes/image/simd/instruction_set.h"

#include <hwy/targets.h>

#include <algorithm>
#include <cctype>

namespace flowtrain::simd {
namespace {

// Highway numbers targets by one bit each, the best first.
std::vector<int64_t> Targets() {
  std::vector<int64_t> found;
  const int64_t all = hwy::SupportedTargets() & HWY_TARGETS;
  for (int64_t left = all; left != 0; left &= left - 1) found.push_back(left & -left);
  return found;
}

std::string Name(int64_t target) {
  std::string name = hwy::TargetName(target);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

}  // namespace

std::vector<std::string> InstructionSets() {
  std::vector<std::string> names;
  for (const int64_t target : Targets()) names.push_back(Name(target));
  return names;
}

bool CapInstructionSet(std::string_view name) {
  int64_t allowed = 0;
  for (const int64_t target : Targets()) {
    if (name.empty() || Name(target) == name || allowed != 0) allowed |= target;
  }
  if (allowed == 0) return false;
  hwy::GetChosenTarget().Update(allowed);
  return true;
}

}  // namespace flowtrain::simd
