#include <string>
#include <string_view>
#include <vector>

#include "tools/schema/parameters.h"
#include "tools/schema/schema.h"

namespace flowtrain {
namespace {

using internal::Json;

// `schema` under the parts of `key` in a tree of properties.
void Put(Json& tree, std::string_view key, const Json& schema) {
  const size_t dot = key.find('.');
  Json& child = tree["properties"][std::string(key.substr(0, dot))];
  if (dot == std::string_view::npos) {
    child = schema;
    return;
  }
  child["type"] = "object";
  child["additionalProperties"] = false;
  Put(child, key.substr(dot + 1), schema);
}

Json SchemaOf(const internal::Parameter& parameter) {
  Json schema = parameter.schema;
  if (parameter.meanings.empty()) return schema;
  schema["description"] =
      internal::Meaning(parameter) + (parameter.bound.empty() ? "" : " (" + parameter.bound + ')');
  return schema;
}

}  // namespace

std::string ParameterSchema(const std::vector<std::string>& graphs, const Registry& registry) {
  internal::Parameters parameters;
  for (const std::string& graph : graphs) internal::AddParametersOf(graph, registry, parameters);
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                 {"title", "Parameters of flowtrain"},
                 {"type", "object"},
                 {"additionalProperties", false}};
  for (const auto& [key, parameter] : parameters) {
    const Json one = SchemaOf(parameter);
    Put(schema, key, one);
    // A key may be written with its dots too.
    if (key.find('.') != std::string::npos) schema["properties"][key] = one;
  }
  return schema.dump(1) + '\n';
}

}  // namespace flowtrain
