#include "pipeline/graph/load_graph.h"

#include <utility>

#include "pipeline/config/config.h"
#include "pipeline/graph/graph_parse.h"
#include "pipeline/graph/graph_validate.h"
#include "pipeline/graph/interpolate.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

GraphDef LoadGraph(const Value& graph, const Config& config, const Registry& registry) {
  internal::Problems problems;
  internal::Interpolation interpolation(config, problems);
  const Value resolved = interpolation.Resolve(graph);
  problems.Add(config.Problems(interpolation.referenced()));
  internal::ParsedGraph parsed = internal::ParseGraph(resolved, problems);
  internal::CheckComponents(parsed, registry, problems);
  internal::CheckStreams(parsed, registry, problems);
  problems.ThrowIfAny();
  for (internal::ParsedNode& node : parsed.nodes) {
    parsed.def.nodes.push_back(std::move(node.def));
  }
  return std::move(parsed.def);
}

}  // namespace flowtrain
