// Node types from libraries outside the program.
#pragma once

#include <vector>

#include "pipeline/graph/graph_file.h"

namespace flowtrain {

class Registry;

// Adds the types of the libraries to `registry`; a library that was added before is passed over.
// `~` and variables in their paths are replaced. Throws ConfigError for a library that is not there,
// is no plug-in, was built against the headers of another flowtrain, or has a type whose name is
// taken.
void LoadPlugins(const std::vector<PluginFile>& plugins, Registry& registry);

}  // namespace flowtrain
