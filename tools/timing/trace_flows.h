// The paths of packets through a graph, found from the calls that they were in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pipeline/runtime/trace_ring.h"

namespace flowtrain {

// One call on the path of a packet. Each path has at least two.
struct FlowPoint {
  enum class Part : uint8_t { kBegin, kMiddle, kEnd };

  size_t call = 0;  // index
  Part part = Part::kBegin;
  Stream stream = Stream::kSample;  // of the packet
  uint64_t seq = 0;                 // of the packet
};

// The points of all paths, by call. The path of the last sample of a batch leads on to the batch's
// first call, and that of the last batch of a window to its step's first call; batch b holds the
// samples from b * rows on, step s the batches from s * window on. Calls that took no time are left
// out: no arrow can begin or end in them.
std::vector<FlowPoint> FindFlows(const std::vector<TraceCall>& calls, uint64_t rows,
                                 uint64_t window);

}  // namespace flowtrain
