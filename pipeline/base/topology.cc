#include "pipeline/base/topology.h"

#include <algorithm>

namespace flowtrain::internal {
namespace {

// Everything that is left over depends on something else that is left over, so following the
// dependencies from any of them must lead round in a cycle.
std::vector<size_t> FindCycle(const std::vector<std::vector<size_t>>& before,
                              const std::vector<bool>& placed) {
  std::vector<size_t> path;
  auto at = static_cast<size_t>(std::find(placed.begin(), placed.end(), false) - placed.begin());
  for (;;) {
    const auto seen = std::find(path.begin(), path.end(), at);
    if (seen != path.end()) {
      path.erase(path.begin(), seen);
      std::reverse(path.begin(), path.end());
      std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
      return path;
    }
    path.push_back(at);
    at = *std::find_if(before[at].begin(), before[at].end(),
                       [&](size_t dependency) { return !placed[dependency]; });
  }
}

}  // namespace

Topology SortTopologically(const std::vector<std::vector<size_t>>& before) {
  Topology topology;
  std::vector<bool> placed(before.size(), false);
  const auto is_ready = [&](size_t i) {
    return !placed[i] && std::all_of(before[i].begin(), before[i].end(),
                                     [&](size_t dependency) { return placed[dependency]; });
  };
  while (topology.order.size() < before.size()) {
    size_t next = 0;
    while (next < before.size() && !is_ready(next)) ++next;
    if (next == before.size()) {
      topology.cycle = FindCycle(before, placed);
      return topology;
    }
    placed[next] = true;
    topology.order.push_back(next);
  }
  return topology;
}

}  // namespace flowtrain::internal
