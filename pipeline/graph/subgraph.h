// A graph as one node of another.
#pragma once

#include <functional>
#include <string>

#include "pipeline/graph/graph_file.h"

namespace flowtrain::internal {

// Puts the nodes of other graphs in the place of the nodes that name one:
//   nodes:
//     load: {graph: load.yaml, in: ids, out: rows}
// A part's file says which of its streams these are (`in: images`, `out: [views]`). Its nodes become
// load.decode, load.augment, …, and so do its other streams. Resources of the part whose name the
// graph has too are the graph's; the others are added. Its `parameters` are defaults below the
// graph's own. `read` reads a part, relative to the file that names it. Throws ConfigError.
void ExpandParts(GraphFile& file, const std::function<GraphFile(const Value& name)>& read);

}  // namespace flowtrain::internal
