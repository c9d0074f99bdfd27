#include "pipeline/graph/load_graph.h"

#include <utility>

#include "pipeline/base/log.h"
#include "pipeline/config/config.h"
#include "pipeline/graph/graph_parse.h"
#include "pipeline/graph/graph_validate.h"
#include "pipeline/graph/interpolate.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

GraphDef LoadGraph(const Value& graph, const Config& config, const Registry& registry) {
  internal::Problems problems;
  internal::Interpolation interpolation(config, problems);
  const Value resolved = interpolation.ResolveGraph(graph);
  internal::ParsedGraph parsed = internal::ParseGraph(resolved, problems);
  internal::TakenOptions taken;
  internal::CheckComponents(parsed, registry, taken, problems);
  std::vector<std::string> known = interpolation.referenced();
  known.insert(known.end(), taken.parameters.begin(), taken.parameters.end());
  problems.Add(config.Problems(known, interpolation.sections(), taken.laid_over));
  internal::CheckStreams(parsed, registry, problems);
  problems.ThrowIfAny();
  for (internal::ParsedNode& node : parsed.nodes) {
    parsed.def.nodes.push_back(std::move(node.def));
  }
  if (!taken.retired.empty()) LogInfo("options that do nothing any more: " + taken.retired);
  return std::move(parsed.def);
}

}  // namespace flowtrain
