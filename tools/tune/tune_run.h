// A graph run to be tuned.
#pragma once

#include <optional>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"
#include "tools/process/signals.h"
#include "tools/timing/run_load.h"
#include "tools/tune/tuner.h"

namespace flowtrain {

struct TuneRun {
  Capacity most;
  double seconds = 0.5;  // of one try
  bool device = true;    // the graph has one, to be measured alone too
};

struct Tuned {
  Tuning tuning;
  TunePlan plan;
  double bound = 0;  // images/s
};

// Runs `def` (a graph to train, or a loader alone) as it is set, measures its parts alone, and
// tries settings on it while it runs again. Tells the log of its progress. Nothing: a signal came
// before there was anything to judge by; one that comes later leaves the best so far.
std::optional<Tuned> RunAndTune(const GraphDef& def, const Registry& registry, const TuneRun& how,
                                StopSignals& signals);

}  // namespace flowtrain
