// Puts things in an order in which each comes after those it depends on.
#pragma once

#include <cstddef>
#include <vector>

namespace flowtrain::internal {

struct Topology {
  std::vector<size_t> order;  // as given where nothing else is required; complete without a cycle
  std::vector<size_t> cycle;  // one cycle, each after the one it depends on, the
                              // smallest number first; empty when there is none
};

// `before[i]` are those that must come before i.
Topology SortTopologically(const std::vector<std::vector<size_t>>& before);

}  // namespace flowtrain::internal
