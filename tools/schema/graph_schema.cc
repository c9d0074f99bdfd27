#include <string>
#include <utility>
#include <vector>

#include "pipeline/node/registry.h"
#include "tools/schema/option_schema.h"
#include "tools/schema/schema.h"

namespace flowtrain {
namespace {

using internal::Json;

Json Referenced(const char* name) { return {{"$ref", std::string("#/definitions/") + name}}; }

// What may be written as ${parameter} too.
Json OrParameter(const Json& schema) { return {{"anyOf", {schema, Referenced("parameter")}}}; }

Json Described(Json schema, const std::string& description) {
  schema["description"] = description;
  return schema;
}

Json ClosedObject(Json properties) {
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

// The description of an option, with its bound and default.
std::string TextOf(const OptionSpec& option) {
  std::string text = option.doc;
  if (!option.bound.empty()) text += " (" + option.bound + ')';
  return text + (option.required ? "; required" : "; default: " + option.default_text);
}

Json OptionsSchema(const NodeSpec& spec) {
  Json properties = Json::object();
  for (const OptionSpec& option : spec.options) {
    properties[option.name] =
        Described(OrParameter(internal::FormSchema(option.form)), TextOf(option));
  }
  for (const NodeSpec::RetiredOption& option : spec.retired) {
    properties[option.name] = {{"description", "does nothing any more: " + option.why}};
  }
  const Json map = ClosedObject(std::move(properties));
  const Json section = Referenced("parameter");
  return {{"anyOf", {map, section, {{"type", "array"}, {"items", {{"anyOf", {map, section}}}}}}}};
}

Json UsesSchema(const NodeSpec& spec) {
  Json properties = Json::object();
  for (const NodeSpec::Use& use : spec.uses) {
    properties[use.name] = {{"type", "string"}, {"description", "A resource of type " + use.type}};
  }
  return ClosedObject(std::move(properties));
}

// One stream, or as many as the type has ports.
Json StreamsSchema(const std::vector<NodeSpec::Port>& ports) {
  const Json name = {{"type", "string"}};
  return {{"anyOf", {name, {{"type", "array"}, {"items", name}, {"maxItems", ports.size()}}}}};
}

Json TypeSchema(const NodeSpec& spec) {
  Json properties = {{"type", {{"const", spec.type}, {"description", spec.doc}}},
                     {"uses", UsesSchema(spec)},
                     {"options", OptionsSchema(spec)}};
  if (spec.kind != NodeSpec::Kind::kResource) {
    properties["in"] = StreamsSchema(spec.inputs);
    properties["out"] = StreamsSchema(spec.outputs);
    properties["workers"] = OrParameter(internal::WorkersSchema());
  }
  return ClosedObject(std::move(properties));
}

// A component, which its `type` says more of.
Json ComponentSchema(const Registry& registry, bool resource) {
  Json types = Json::array(), cases = Json::array();
  for (const auto& [name, type] : registry.types()) {
    if ((type.spec.kind == NodeSpec::Kind::kResource) != resource) continue;
    types.push_back(name);
    cases.push_back(
        {{"if",
          {{"properties", {{"type", {{"const", name}}}}}, {"required", Json::array({"type"})}}},
         {"then", Referenced(name.c_str())}});
  }
  const Json component = {{"type", "object"},
                          {"required", Json::array({"type"})},
                          {"properties", {{"type", {{"enum", types}}}}},
                          {"allOf", cases}};
  if (resource) return component;
  return {{"if", {{"type", "object"}, {"required", Json::array({"graph"})}}},
          {"then", Referenced("part")},
          {"else", component}};
}

// A node that is a graph of its own.
Json PartSchema() {
  const Json text = {{"type", "string"}};
  const Json streams = {{"anyOf", {text, {{"type", "array"}, {"items", text}}}}};
  return ClosedObject(
      {{"graph", Described(text, "A graph file")}, {"in", streams}, {"out", streams}});
}

Json TopLevel() {
  const Json file = {{"type", "string"}};
  const Json streams = {{"anyOf", {file, {{"type", "array"}, {"items", file}}}}};
  const auto components = [](const char* kind) {
    return Json{{"type", "object"}, {"additionalProperties", Referenced(kind)}};
  };
  return ClosedObject(
      {{"graph", Described(file, "Name of the graph, and of its run directories")},
       {"extends", Described(file, "A graph file that this one is based on")},
       {"config", Described(file, "File with the default of every parameter")},
       {"sample_config", Described(file, "Parameters for the built-in sample data set")},
       {"in", Described(streams, "Where it is a node of another graph: the streams it takes")},
       {"out", Described(streams, "Where it is a node of another graph: the streams it makes")},
       {"parameters",
        {{"type", "object"}, {"description", "Parameters that override the defaults"}}},
       {"pools", ClosedObject({{"samples", Described(OrParameter(internal::IntegerSchema(0)),
                                                     "Sample slots; 0: four per worker")},
                               {"batches", Described(OrParameter(internal::IntegerSchema(1)),
                                                     "Batch buffers")}})},
       {"limits", ClosedObject({{"host_memory",
                                 Described(internal::ScalarSchema(),
                                           "Limit on batch buffers and the cache of images")}})},
       {"plugins",
        {{"type", "array"},
         {"items", file},
         {"description", "Libraries with node types, relative to this file"}}},
       {"workers",
        Described(OrParameter(internal::WorkersSchema()), "Threads that all worker nodes share")},
       {"resources", components("resource")},
       {"nodes", components("node")}});
}

}  // namespace

std::string GraphSchema(const Registry& registry) {
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                 {"title", "A graph of flowtrain"}};
  schema.update(TopLevel());
  Json& definitions = schema["definitions"];
  definitions["parameter"] = {{"type", "string"}, {"pattern", "\\$\\{[^}]+\\}"}};
  definitions["resource"] = ComponentSchema(registry, true);
  definitions["node"] = ComponentSchema(registry, false);
  definitions["part"] = PartSchema();
  for (const auto& [name, type] : registry.types()) definitions[name] = TypeSchema(type.spec);
  return schema.dump(1) + '\n';
}

}  // namespace flowtrain
