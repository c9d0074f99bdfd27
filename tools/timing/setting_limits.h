// How far the settings of a graph may go on a machine.
#pragma once

#include "pipeline/graph/graph_def.h"

namespace flowtrain {

// Threads: twice the cores, since a node may wait for a disk; slots in proportion. Never below what
// the graph is set to.
Capacity LimitsFor(const GraphDef& def, double cores);

}  // namespace flowtrain
