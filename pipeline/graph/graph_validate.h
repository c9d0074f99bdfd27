// The second half of LoadGraph: a parsed graph against the registry. Each check adds its findings
// and goes on.
#pragma once

#include <string>
#include <vector>

#include "pipeline/config/problems.h"
#include "pipeline/graph/graph_parse.h"
#include "pipeline/node/registry.h"

namespace flowtrain::internal {

// What the components do with the options they are given.
struct TakenOptions {
  // Dotted keys of sections that a component takes, or would take if they were given.
  std::vector<std::string> parameters;
  // Also of sections: those that a component would take, had the graph not overridden them.
  std::vector<std::string> laid_over;
  // Retired options that the graph names, with the reasons; empty: none.
  std::string retired;
};

// Types, options and workers of resources and nodes; fills in the uses that are not given, leaves
// each option once, in the order of the type's declaration, and orders the resources.
void CheckComponents(ParsedGraph& graph, const Registry& registry, TakenOptions& taken,
                     Problems& problems);

// Ports and streams; orders the nodes along the flow.
void CheckStreams(ParsedGraph& graph, const Registry& registry, Problems& problems);

// Puts the given options into `component`.
void BindOptions(const ComponentDef& def, const Registry::Type& type, Component& component,
                 Problems& problems);

// "'decode' (DecodeImage)"
std::string NameAndType(const ComponentDef& def);

}  // namespace flowtrain::internal
