// The second half of LoadGraph: a parsed graph against the registry. Each check adds its findings
// and goes on.
#pragma once

#include "pipeline/config/problems.h"
#include "pipeline/graph/graph_parse.h"
#include "pipeline/node/registry.h"

namespace flowtrain::internal {

// Types, options and workers of resources and nodes; fills in the uses that are not given and
// orders the resources.
void CheckComponents(ParsedGraph& graph, const Registry& registry, Problems& problems);

// Ports and streams; orders the nodes along the flow.
void CheckStreams(ParsedGraph& graph, const Registry& registry, Problems& problems);

// Puts the given options into `component`.
void BindOptions(const ComponentDef& def, const Registry::Type& type, Component& component,
                 Problems& problems);

// "'decode' (DecodeImage)"
std::string NameAndType(const ComponentDef& def);

}  // namespace flowtrain::internal
