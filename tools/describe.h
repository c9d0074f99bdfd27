// Graphs and types of nodes in words. Pure functions of definitions and declarations.
#pragma once

#include <string>

#include "pipeline/graph_def.h"
#include "pipeline/registry.h"

namespace flowtrain {

// Resources and nodes with their streams, threads and options.
std::string GraphAsText(const GraphDef& def, const Registry& registry);
// The same in Graphviz's language, without the options. Dotted: uses a resource.
std::string GraphAsDot(const GraphDef& def, const Registry& registry);
// A line a type.
std::string TypesAsText(const Registry& registry);
// One type with its ports, resources and options.
std::string TypeAsText(const NodeSpec& spec);

}  // namespace flowtrain
