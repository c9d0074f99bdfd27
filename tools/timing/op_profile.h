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

// What libtorch's profiler saw on the host: an operator, or a call of a vendor's library (such as
// cudaLaunchKernel), which is linked to its operator; or on a device, linked to the operator that
// started it.
struct ProfiledEvent {
  std::string name;
  bool on_device = false;
  uint64_t thread = 0, begin_ns = 0, end_ns = 0;
  uint64_t correlation = 0;  // number of an operator, from 1; 0: it is none
  uint64_t linked = 0;       // the operator's number; 0: it is linked to none
};
// Sums up per operator, by device time, then by CPU time, the largest first. The time of calls of
// vendors' libraries is that of the operators that made them.
std::vector<OpTime> SumUpOperators(const std::vector<ProfiledEvent>& events);

// What a GPU did: a kernel, or a copy.
struct DeviceWork {
  std::string name;
  bool copy = false;
  uint64_t begin_ns = 0, end_ns = 0;  // on the engine's clock
};

// The share of the time from `begin_ns` to `end_ns` in which one copy at least ran, or one kernel.
// What was queued before the end runs on after it; that part does not count.
double ShareOfTime(const std::vector<DeviceWork>& device, bool copies, uint64_t begin_ns,
                   uint64_t end_ns);

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
