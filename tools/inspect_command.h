// `flowtrain validate`, `inspect` and `nodes`: what a graph is, without running it.
#pragma once

#include <ostream>
#include <string>

#include "pipeline/error.h"
#include "tools/load.h"

namespace flowtrain {

// Says that the graph is right, or throws ConfigError with all that is wrong with it.
ExitCode Validate(const GraphRequest& request, std::ostream& out);
// The graph as text, or in Graphviz's language.
ExitCode Inspect(const GraphRequest& request, bool dot, std::ostream& out);
// All types of nodes and resources, or the declaration of one. Throws ConfigError for an unknown
// one.
ExitCode ListNodes(const std::string& type, std::ostream& out);

}  // namespace flowtrain
