// Runs a graph in order to tune it.
#pragma once

#include <optional>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"
#include "tools/process/signals.h"
#include "tools/timing/run_load.h"
#include "tools/tune/tuner.h"

namespace flowtrain {

struct LoadedGraph;

struct TuneRun {
  Capacity most;
  double seconds = 0.5;                   // per try
  bool device = true;                     // the graph has one, which is measured alone too
  const LoadedGraph* together = nullptr;  // of several ranks: what the graph is a part of
};

struct Tuned {
  Tuning tuning;
  TunePlan plan;
  double bound = 0;  // images/s, as estimated before
};

// Runs `def` (a graph to train, or a loader alone) with its settings, measures its parts alone, and
// tries settings on it while it runs again. Logs its progress. Returns nothing if a signal came
// before there was anything to judge by; a later signal leaves the best so far. Of several ranks
// this is rank 0, which sets all of them; nothing is measured alone then.
std::optional<Tuned> RunAndTune(const GraphDef& def, const Registry& registry, const TuneRun& how,
                                StopSignals& signals);

// What the other ranks do meanwhile: they train, set as rank 0 says.
void TuneAlong(const GraphDef& def, const Registry& registry, const TuneRun& how,
               StopSignals& signals);

}  // namespace flowtrain
