// Graphs and types as text for people: what `flowtrain inspect` and `flowtrain nodes` print.
#pragma once

#include <string>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

// A graph with its parameters substituted: nodes in the order of the flow with their threads and
// streams, resources and who uses them, pools, options. The same graph gives the same text wherever
// its file is. Types of `graph` must be in `registry`.
std::string InspectGraph(const GraphDef& graph, const Registry& registry);

// The same as a Graphviz digraph: nodes are boxes, resources ellipses, uses dotted.
std::string InspectDot(const GraphDef& graph, const Registry& registry);

// Each type on a line: its name, what it is, the first line of its doc; nodes along the flow, then
// resources.
std::string DescribeTypes(const Registry& registry);

// One type: doc, streams, resources, options and an example in the language of graphs.
std::string DescribeType(const Registry::Type& type);

}  // namespace flowtrain
