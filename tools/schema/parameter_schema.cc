#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/config/config.h"
#include "pipeline/graph/graph_file.h"
#include "pipeline/node/registry.h"
#include "tools/load/find_file.h"
#include "tools/load/load.h"
#include "tools/schema/option_schema.h"
#include "tools/schema/schema.h"

namespace flowtrain {
namespace {

using internal::Json;

// By dotted key.
using Schemas = std::map<std::string, Json>;

// The options that take parameters, which say what those may be.
void AddOptions(const ComponentDef& component, const Registry& registry, Schemas& schemas) {
  for (const OptionSpec& option : registry.Find(component.type)->spec.options) {
    for (const Entry& given : component.options) {
      if (given.key != option.name || given.value.parameter.empty()) continue;
      Json schema = internal::FormSchema(option.form);
      schema["description"] = option.doc + (option.bound.empty() ? "" : " (" + option.bound + ')');
      // Of several options the one with bounds says most.
      const auto [place, is_new] = schemas.emplace(given.value.parameter, schema);
      if (!is_new && place->second.size() < schema.size()) place->second = std::move(schema);
    }
  }
}

// "data.num_workers" of ${data.num_workers}; empty for anything else.
std::string ParameterIn(const Value* value) {
  if (value == nullptr || value->kind != Value::Kind::kScalar) return {};
  const std::string& text = value->scalar;
  if (!text.starts_with("${") || text.find('}') != text.size() - 1) return {};
  return text.substr(2, text.size() - 3);
}

void AddCounts(const Value& graph, Schemas& schemas) {
  const auto add = [&](const Value* value, Json schema, const char* description) {
    const std::string key = ParameterIn(value);
    if (key.empty()) return;
    schema["description"] = description;
    schemas[key] = std::move(schema);
  };
  add(graph.Find("workers"), internal::WorkersSchema(),
      "Worker threads, or auto: tuned while the graph runs");
  if (const Value* pools = graph.Find("pools")) {
    add(pools->Find("samples"), internal::IntegerSchema(0),
        "Samples in flight; 0: four per worker, at least 16");
    add(pools->Find("batches"), internal::IntegerSchema(1), "Batches in flight");
  }
}

// Of a parameter that no component takes: what its default is.
Json SchemaOfDefault(const Value& value) {
  if (bool flag{}; Read(value, flag)) return {{"type", "boolean"}};
  if (int64_t number{}; !value.quoted && Read(value, number)) return {{"type", "integer"}};
  if (double number{}; !value.quoted && Read(value, number)) return {{"type", "number"}};
  if (value.kind == Value::Kind::kScalar) return internal::ScalarSchema();
  return {{"anyOf", {internal::ScalarSchema(), {{"type", "array"}}}}};
}

void AddParametersOf(const std::string& name, const Registry& registry, Schemas& schemas) {
  const GraphFile file = ReadGraphFile(FindGraphFile(name), ShippedFolder());
  GraphRequest request;
  request.graph = name;
  const LoadedGraph loaded = Load(request);
  for (const ComponentDef& def : loaded.def.resources) AddOptions(def, registry, schemas);
  for (const NodeDef& def : loaded.def.nodes) AddOptions(def, registry, schemas);
  AddCounts(file.graph, schemas);
  for (const std::string& key : loaded.config.Keys()) {
    schemas.emplace(key, SchemaOfDefault(*loaded.config.Find(key)));
  }
}

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

}  // namespace

std::string ParameterSchema(const std::vector<std::string>& graphs, const Registry& registry) {
  Schemas schemas;
  for (const std::string& graph : graphs) AddParametersOf(graph, registry, schemas);
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                 {"title", "Parameters of flowtrain"},
                 {"type", "object"},
                 {"additionalProperties", false}};
  for (const auto& [key, one] : schemas) {
    Put(schema, key, one);
    // A key may be written with its dots too.
    if (key.find('.') != std::string::npos) schema["properties"][key] = one;
  }
  return schema.dump(1) + '\n';
}

}  // namespace flowtrain
