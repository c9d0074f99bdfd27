// The last epoch that metrics.jsonl has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace flowtrain {

struct LastEpoch {
  uint64_t steps_done = 0;  // optimiser steps at its end
  double loss = 0;          // NaN if it is not the mean of all its steps
  std::optional<double> knn_top1;
};

// Empty if there is no file, or no epoch in it. Throws nothing.
std::optional<LastEpoch> ReadLastEpoch(const std::string& metrics_path);

}  // namespace flowtrain
