// The options of every command that takes a graph.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "tools/load/load.h"

namespace flowtrain {

// In the option's values, which are paths, `~` and variables are replaced (ExpandPath). An empty one
// is refused, unless the option needs none.
CLI::Option* TakesPath(CLI::Option* option);

// --config and --set.
void AddParameterOptions(CLI::App& app, std::vector<std::string>& configs,
                         std::vector<std::string>& sets);
// GRAPH, --config and --set.
void AddGraphOptions(CLI::App& app, GraphRequest& request);

}  // namespace flowtrain
