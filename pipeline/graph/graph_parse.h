// The first half of LoadGraph: the shape of a graph file, without the registry.
#pragma once

#include <optional>
#include <vector>

#include "pipeline/config/problems.h"
#include "pipeline/config/value.h"
#include "pipeline/graph/graph_def.h"

namespace flowtrain::internal {

struct ParsedNode {
  NodeDef def;
  bool auto_workers = false;
  std::optional<Entry> workers;                  // as given
  bool in_resolved = true, out_resolved = true;  // false: a finding says why it is not
};

struct ParsedGraph {
  GraphDef def;  // without nodes; resources in the order of the file, uses as given
  std::vector<ParsedNode> nodes;
  Position nodes_at;
};

// `resolved` has its parameters substituted. Adds a finding for every key and value that does not
// belong.
ParsedGraph ParseGraph(const Value& resolved, Problems& problems);

// The whole number under `entry`, at least `low`; `low` itself after a finding. `what` names what
// takes it: "decode.workers".
int ReadCount(const Entry& entry, const std::string& what, int low, Problems& problems);

}  // namespace flowtrain::internal
