// Measures what the parts of a graph do alone, and puts it into the load of a run.
#pragma once

#include <functional>
#include <string>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"
#include "tools/process/signals.h"
#include "tools/timing/run_load.h"

namespace flowtrain {

struct AloneRequest {
  Capacity most;
  bool curve = false;  // at 1, 2, 4 … workers; else at 1, at the number of cores and at the most
  double seconds = 0.25;  // per point
  bool device = true;     // the graph has one, which is measured too
};

// Measures each node on samples of `def` (a graph to train, or one of the loader alone) on 1 to
// `most.threads` workers, and the device on batches that are ready. False if a signal came.
// `progress` is told what is measured.
bool MeasureAlone(const GraphDef& def, const Registry& registry, const AloneRequest& request,
                  StopSignals& signals, const std::function<void(const std::string&)>& progress,
                  RunLoad& load);

}  // namespace flowtrain
