#include "pipeline/graph_def.h"

#include <utility>

#include "pipeline/config.h"
#include "pipeline/graph_parse.h"
#include "pipeline/graph_validate.h"
#include "pipeline/interpolate.h"
#include "pipeline/registry.h"

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

std::unique_ptr<Component> MakeComponent(const ComponentDef& def, const Registry& registry) {
  const Registry::Type* type = registry.Find(def.type);
  if (type == nullptr) {
    internal::ThrowConfigError(
        def.at, "unknown type " + internal::Quoted(def.type) + " of " + internal::Quoted(def.name));
  }
  std::unique_ptr<Component> component = type->make();
  type->spec.SetDefaults(*component);
  internal::Problems problems;
  internal::BindOptions(def, *type, *component, problems);
  problems.ThrowIfAny();
  return component;
}

}  // namespace flowtrain
