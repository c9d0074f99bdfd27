// Which limit holds a run back, and the settings that lift it.
#pragma once

#include "pipeline/graph/graph_def.h"
#include "pipeline/runtime/graph_settings.h"
#include "tools/timing/run_load.h"

namespace flowtrain {

// Limits whose rates differ by a smaller share cannot be told apart.
inline constexpr double kAlike = 0.06;

// The lowest limit of a run with `settings` or, if several are equally low, one that more settings
// could not lift.
Limit HoldingLimit(const RunLoad& load, const GraphSettings& settings);

// Lifts one limit after the other, `holding` first, as long as the one that holds the run back is a
// setting that is below `most`. Returns the limit that holds it back then.
Limit LiftLimits(const Limit& holding, const RunLoad& load, const Capacity& most,
                 GraphSettings& settings);

}  // namespace flowtrain
