// The settings of a graph that can change while it runs.
#pragma once

#include <string>
#include <vector>

namespace flowtrain {

struct GraphSettings {
  int threads = 1;           // of the arena that all worker nodes share
  std::vector<int> workers;  // Process calls at a time, per node; in the order of the flow
  int sample_slots = 1;      // images in flight
  int batch_slots = 1;       // batches in flight

  bool operator==(const GraphSettings&) const = default;
};

// What differs: "threads 2 -> 3, augment workers 2 -> 3, sample slots 16 -> 32"; "nothing". `names`
// are those of the nodes.
std::string DescribeChange(const GraphSettings& from, const GraphSettings& to,
                           const std::vector<std::string>& names);

}  // namespace flowtrain
