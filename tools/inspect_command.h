// `flowtrain validate`, `inspect` and `nodes`: what a graph is, without running it.
#pragma once

#include <ostream>
#include <string>

#include "pipeline/error.h"
#include "pipeline/graph_def.h"
#include "pipeline/registry.h"
#include "tools/load.h"

namespace flowtrain {

// Says that the graph is right, or throws ConfigError with all that is wrong with it.
ExitCode Validate(const GraphRequest& request, std::ostream& out);
// The graph as text, or in Graphviz's language.
ExitCode Inspect(const GraphRequest& request, bool dot, std::ostream& out);
// All types of nodes and resources, or the declaration of one. Throws ConfigError for an unknown
// one.
ExitCode ListNodes(const std::string& type, std::ostream& out);

// The parts of the above that depend on nothing else.
std::string GraphAsText(const GraphDef& def, const Registry& registry);
std::string GraphAsDot(const GraphDef& def, const Registry& registry);
std::string TypeAsText(const NodeSpec& spec);

}  // namespace flowtrain
