#include "tools/timing/run_trace.h"

#include <algorithm>
#include <cstdint>

#include "pipeline/base/log.h"
#include "tools/timing/chrome_trace.h"

namespace flowtrain {
namespace {

// Shows whether the sums go on beside the backward pass that they are of.
RankSlice SliceOf(const CollectiveSpan& span) {
  using Kind = CollectiveSpan::Kind;
  const auto slice = [&](const char* name, const char* track) {
    return RankSlice{name, track, span.begin_ns, span.end_ns, span.bytes};
  };
  if (span.kind == Kind::kLastBackward) return slice("backward", "last backward");
  return span.kind == Kind::kSum ? slice("sum", "sums over ranks")
                                 : slice("gather", "gathers from ranks");
}

}  // namespace

void WriteRunTrace(const std::string& name, const MeasuredRun& measured, const TraceRing& ring,
                   const std::string& path) {
  ChromeTrace trace;
  trace.graph = name;
  uint64_t batches = 0, steps = 0;
  for (const NodeCounters& node : measured.part.nodes) {
    trace.nodes.push_back({node.name, node.on_lane});
    if (node.stream == Stream::kBatch) batches = node.messages;
    if (node.stream == Stream::kStep) steps = node.messages;
  }
  for (const PoolCounters& pool : measured.part.pools) trace.pools.push_back(pool.name);
  trace.calls = ring.Calls();
  trace.dropped_calls = ring.dropped();
  for (const Slice& slice : measured.slices) {
    trace.levels.push_back({slice.at_ns,
                            {slice.queued.begin(), slice.queued.end()},
                            {slice.in_use.begin(), slice.in_use.end()}});
  }
  trace.device = measured.device;
  if (measured.ops) {
    for (const DeviceWork& work : measured.ops->device) {
      trace.device_slices.push_back(
          {work.name, work.copy ? "copy" : "compute", work.begin_ns, work.end_ns});
    }
  }
  for (const CollectiveSpan& span : measured.collectives) {
    trace.rank_slices.push_back(SliceOf(span));
  }
  trace.rows = measured.rows;
  trace.window = steps == 0 ? 1 : std::max<uint64_t>(1, (batches + steps / 2) / steps);
  WriteChromeTrace(trace, path);
  LogInfo("trace written to " + path + "; open it at https://ui.perfetto.dev");
}

}  // namespace flowtrain
