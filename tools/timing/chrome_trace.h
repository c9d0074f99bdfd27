// A run's timeline as a file that opens in Perfetto (ui.perfetto.dev) and in chrome://tracing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/runtime/trace_ring.h"

namespace flowtrain {

struct TraceNode {
  std::string name;
  bool on_lane = false;  // its calls run on the device lane, otherwise on workers
};

// How full the graph was at one moment.
struct TraceLevels {
  uint64_t at_ns = 0;
  std::vector<uint64_t> queued;  // packets that wait, per node
  std::vector<uint64_t> in_use;  // slots that are not home, per pool
};

// Something the device itself did, according to its own events: a copy, a kernel.
struct DeviceSlice {
  std::string name;
  std::string track;  // "copy", "compute"
  uint64_t begin_ns = 0, end_ns = 0;
};

// Something that went on beside the lane's calls: a sum over all ranks.
struct RankSlice {
  std::string name;
  std::string track;  // "last backward", "sums over ranks"
  uint64_t begin_ns = 0, end_ns = 0;
  uint64_t bytes = 0;  // 0: none
};

// All times are on the engine's clock.
struct ChromeTrace {
  std::string graph;                // its name
  std::vector<TraceNode> nodes;     // in the order of the flow; TraceCall::node is an index here
  std::vector<std::string> pools;   // their names
  std::vector<TraceCall> calls;     // by begin, as TraceRing::Calls returns them
  uint64_t dropped_calls = 0;       // that the ring no longer held
  std::vector<TraceLevels> levels;  // by time
  std::string device;               // its name; needed only for `device_slices`
  std::vector<DeviceSlice> device_slices;
  std::vector<RankSlice> rank_slices;  // by begin; of a run with several ranks
  // Batch b holds the samples from b * rows on, step s the batches from s * window on.
  uint64_t rows = 1, window = 1;
};

// Writes the trace to `path`, whole or not at all: one track per thread, one slice per call, arrows
// that follow each packet through the graph, counters of queues and pools, and tracks of the sums
// over ranks and of the device. Time begins at 0. Takes 4 MiB and at most 100 bytes per call in
// addition to the trace itself. Throws DataError.
void WriteChromeTrace(const ChromeTrace& trace, const std::string& path);

}  // namespace flowtrain
