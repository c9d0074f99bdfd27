// What the tuning of a graph may do.
#pragma once

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"
#include "pipeline/runtime/snapshot.h"
#include "tools/timing/run_load.h"
#include "tools/tune/tuner.h"

namespace flowtrain {

// `part` is of a run of the graph: if the device lane used half a core or more in it, one core is
// left to the lane.
TunePlan PlanFor(const GraphDef& def, const Registry& registry, const Capacity& most,
                 const Snapshot& part, double cores);

}  // namespace flowtrain
