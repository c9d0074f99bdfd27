// How far the settings of a graph may go on this machine.
#pragma once

#include "pipeline/graph/graph_def.h"

namespace flowtrain {

// Threads: twice the cores, since a node may wait for a disk; slots in proportion. Never below the
// graph's own settings.
Capacity LimitsFor(const GraphDef& def, double cores);

}  // namespace flowtrain
