#include "tools/schema/parameters.h"

#include <algorithm>
#include <utility>

#include "pipeline/config/config.h"
#include "pipeline/node/registry.h"
#include "tools/load/find_file.h"
#include "tools/load/load.h"

namespace flowtrain::internal {
namespace {

const char* const kGraph = "the graph";

void AddOnce(const std::string& text, std::vector<std::string>& all) {
  if (!text.empty() && std::find(all.begin(), all.end(), text) == all.end()) all.push_back(text);
}

std::string LastPart(const std::string& key) { return key.substr(key.rfind('.') + 1); }

void AddReader(const std::string& key, const Parameter& said, Parameters& parameters) {
  const auto [place, is_new] = parameters.emplace(key, said);
  if (is_new) return;
  Parameter& known = place->second;
  const bool had_reader = !known.readers.empty();
  for (const std::string& meaning : said.meanings) AddOnce(meaning, known.meanings);
  for (const std::string& reader : said.readers) AddOnce(reader, known.readers);
  // The one with bounds says most.
  if (had_reader && known.schema.size() >= said.schema.size()) return;
  known.schema = said.schema;
  known.type = said.type;
  known.bound = said.bound;
}

void AddOptions(const ComponentDef& component, const Registry& registry, Parameters& parameters) {
  for (const OptionSpec& option : registry.Find(component.type)->spec.options) {
    for (const Entry& given : component.options) {
      const std::string& key = given.value.parameter;
      if (given.key != option.name || key.empty()) continue;
      const bool same_name = LastPart(key) == option.name;
      AddReader(key,
                {FormSchema(option.form),
                 option.type,
                 option.bound,
                 {option.doc},
                 {component.type + (same_name ? "" : '.' + option.name)}},
                parameters);
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

// What the graph itself reads.
void AddCounts(const Value& graph, Parameters& parameters) {
  const auto add = [&](const Value* value, Json schema, const char* bound, const char* meaning) {
    const std::string key = ParameterIn(value);
    if (key.empty()) return;
    AddReader(key, {std::move(schema), "an integer", bound, {meaning}, {kGraph}}, parameters);
  };
  const auto part = [&](const char* section, const char* name) {
    const Value* map = graph.Find(section);
    return map == nullptr ? nullptr : map->Find(name);
  };
  add(graph.Find("workers"), WorkersSchema(), ">= 1, or auto",
      "Worker threads; auto: tuned while the graph runs.");
  add(part("pools", "samples"), IntegerSchema(0), ">= 0",
      "Images in flight; 0: four per worker, at least 16.");
  add(part("pools", "batches"), IntegerSchema(1), ">= 1", "Batches in flight.");
  if (const std::string key = ParameterIn(part("limits", "host_memory")); !key.empty()) {
    AddReader(
        key,
        {ScalarSchema(),
         "text",
         "an amount or a share of memory",
         {"Limit on batch buffers and the cache of decoded images; a run that would take more "
          "is refused. Empty: no limit."},
         {kGraph}},
        parameters);
  }
}

// Of a parameter that no component takes: what its default is.
Json SchemaOfDefault(const Value& value) {
  if (bool flag{}; Read(value, flag)) return {{"type", "boolean"}};
  if (int64_t number{}; !value.quoted && Read(value, number)) return {{"type", "integer"}};
  if (double number{}; !value.quoted && Read(value, number)) return {{"type", "number"}};
  if (value.kind == Value::Kind::kScalar) return ScalarSchema();
  return {{"anyOf", {ScalarSchema(), {{"type", "array"}}}}};
}

}  // namespace

void AddParametersOf(const std::string& name, const Registry& registry, Parameters& parameters) {
  const GraphFile file = ReadGraphFile(FindGraphFile(name), ShippedFolder());
  GraphRequest request;
  request.graph = name;
  const LoadedGraph loaded = Load(request);
  for (const ComponentDef& def : loaded.def.resources) AddOptions(def, registry, parameters);
  for (const NodeDef& def : loaded.def.nodes) AddOptions(def, registry, parameters);
  AddCounts(file.graph, parameters);
  for (const std::string& key : loaded.config.Keys()) {
    parameters.emplace(key, Parameter{SchemaOfDefault(*loaded.config.Find(key)), "", ""});
  }
}

std::string Meaning(const Parameter& parameter) {
  std::string text;
  for (const std::string& meaning : parameter.meanings) text += (text.empty() ? "" : " ") + meaning;
  return text;
}

}  // namespace flowtrain::internal
