// Which of libtorch's operators take the time.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "pipeline/runtime/graph.h"

namespace flowtrain {

// The total of all calls of an operator.
struct OpTime {
  std::string name;
  uint64_t calls = 0;
  double self_us = 0;    // CPU time by the clock, without the operators it calls
  double device_us = 0;  // of the kernels it started, on a GPU
};

// What a GPU did: a kernel, or a copy.
struct DeviceWork {
  std::string name;
  bool copy = false;
  uint64_t begin_ns = 0, end_ns = 0;  // on the engine's clock
};

struct OpProfileResult {
  std::vector<OpTime> ops;  // by device time, then by CPU time, the largest first
  std::vector<DeviceWork> device;
  double seconds = 0;
  double copy_share = 0, compute_share = 0;  // shares of that time in which a copy, a kernel ran
};

// libtorch's own profiler on the device lane of a running graph, from construction until Stop.
class OpProfile {
 public:
  // `gpu`: the lane drives one, whose events are wanted too.
  OpProfile(Graph& graph, bool gpu);
  // Returns what was seen. Call it while the graph runs.
  OpProfileResult Stop();

 private:
  Graph& graph_;
  uint64_t begin_ns_ = 0;
};

nlohmann::json OpsJson(const OpProfileResult& result);

}  // namespace flowtrain
