// A run of a graph that is measured for its timing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nodes/distributed/collective_log.h"
#include "nodes/run/gpu_status.h"
#include "pipeline/graph/graph_def.h"
#include "pipeline/runtime/snapshot.h"
#include "tools/process/signals.h"
#include "tools/timing/op_profile.h"
#include "tools/timing/recorder.h"

namespace flowtrain {

struct LoadedGraph;
class TraceRing;

struct RunToMeasure {
  uint64_t steps = 100;  // measured
  uint64_t warm_up = 5;  // steps before them
  double seconds = 60;   // after which it stops measuring
  bool ops = false;      // libtorch's operators too
  TraceRing* trace = nullptr;
  const LoadedGraph* together = nullptr;  // of several ranks: what the graph is a part of
};

// What the run showed.
struct MeasuredRun {
  Snapshot part;
  std::string device;  // "" where there is none
  uint64_t steps = 0;
  std::vector<Slice> slices;
  uint64_t rows = 1;  // of a batch
  std::optional<OpProfileResult> ops;
  GpuStatus gpu;
  // Of several ranks: when their calls were under way, if there is a trace; the seconds of the part
  // that this one waited for the others; what each of the others says of itself (RankTiming), in
  // their order.
  std::vector<CollectiveSpan> collectives;
  double waited_s = 0;
  std::vector<std::string> others;
};

// Runs the graph until enough is measured, and reports progress. Returns nothing if a signal ended it.
// Throws DataError where nothing could be measured.
std::optional<MeasuredRun> MeasureRun(const GraphDef& def, const RunToMeasure& how,
                                      StopSignals& signals);

// What a rank does whose timing is not asked for: measures the same steps, tells rank 0 of them, and
// goes on until that one ends the run.
void MeasureAlong(const GraphDef& def, const RunToMeasure& how, StopSignals& signals);

}  // namespace flowtrain
