// A graph definition with its own types, for tests of code that only reads definitions.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

inline void AddType(Registry& registry, const std::string& name, NodeSpec::Kind kind,
                    bool on_lane = false) {
  NodeSpec spec;
  spec.type = name;
  spec.kind = kind;
  spec.on_lane = on_lane;
  spec.doc = "A " + name + ".\nMore of it.";
  registry.Add(name, std::move(spec),
               []() -> std::unique_ptr<Component> { throw std::logic_error("never made"); });
}

inline Registry SmallRegistry() {
  Registry registry;
  AddType(registry, "Data", NodeSpec::Kind::kResource);
  AddType(registry, "Model", NodeSpec::Kind::kResource);
  AddType(registry, "Folder", NodeSpec::Kind::kResource);
  AddType(registry, "Source", NodeSpec::Kind::kSource);
  AddType(registry, "Decode", NodeSpec::Kind::kSample);
  AddType(registry, "Stage", NodeSpec::Kind::kCollate);
  AddType(registry, "Train", NodeSpec::Kind::kWindow);
  AddType(registry, "Optimise", NodeSpec::Kind::kStep, true);
  AddType(registry, "Report", NodeSpec::Kind::kStep);
  return registry;
}

inline NodeDef MakeNode(const std::string& type, const std::string& in, const std::string& out,
                        const std::string& uses) {
  NodeDef node;
  node.name = "the_" + type;
  node.type = type;
  if (!in.empty()) node.in.push_back({in, {}});
  if (!out.empty()) node.out.push_back({out, {}});
  if (!uses.empty()) node.uses.push_back({uses, uses, {}});
  return node;
}

inline void AddOption(ComponentDef& def, const std::string& key, const std::string& text) {
  Entry entry;
  entry.key = key;
  entry.value.kind = Value::Kind::kScalar;
  entry.value.scalar = text;
  def.options.push_back(std::move(entry));
}

// source (data) > decode > stage > train (model) > optimise (model) > report (folder)
inline GraphDef SmallGraph() {
  GraphDef def;
  def.name = "small";
  def.file = "small.yaml";
  def.workers = 3;
  for (const char* name : {"device", "data", "model", "folder"}) {
    ComponentDef resource;
    resource.name = name;
    resource.type = name == std::string("data")     ? "Data"
                    : name == std::string("folder") ? "Folder"
                                                    : "Model";
    if (resource.name == "model") resource.uses.push_back({"device", "device", {}});
    def.resources.push_back(resource);
  }
  def.nodes.push_back(MakeNode("Source", "", "ids", "data"));
  AddOption(def.nodes.back(), "window", "4");
  AddOption(def.nodes.back(), "epochs", "10");
  def.nodes.back().workers = 3;
  def.nodes.push_back(MakeNode("Decode", "ids", "rows", ""));
  def.nodes.push_back(MakeNode("Stage", "rows", "batches", ""));
  def.nodes.push_back(MakeNode("Train", "batches", "windows", "model"));
  def.nodes.push_back(MakeNode("Optimise", "windows", "steps", "model"));
  def.nodes.push_back(MakeNode("Report", "steps", "", "folder"));
  return def;
}

}  // namespace flowtrain
