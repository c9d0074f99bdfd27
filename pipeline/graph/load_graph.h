// From a graph file's values to a graph that is checked.
#pragma once

#include "pipeline/config/value.h"
#include "pipeline/graph/graph_def.h"

namespace flowtrain {

class Config;
class Registry;

// Substitutes the parameters in a graph as it was read and checks it against the registry: unknown
// keys, types and streams, option types and bounds, each stream made once and taken once, no cycle,
// exactly one source, everything reachable. Also checks the configuration for keys that neither its
// default file nor the graph knows. Throws ConfigError with every finding, by file and line.
GraphDef LoadGraph(const Value& graph, const Config& config, const Registry& registry);

}  // namespace flowtrain
