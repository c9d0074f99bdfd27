// The components of a graph: made, opened, looked up, closed. Internal to the engine.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/node.h"

namespace flowtrain {

class Registry;

// Makes the component that `def` names and binds its options: defaults first, then those given.
// Throws ConfigError for an option that does not fit.
std::unique_ptr<Component> MakeComponent(const ComponentDef& def, const Registry& registry);

}  // namespace flowtrain

namespace flowtrain::internal {

class ComponentSet {
 public:
  // Makes every component of `def` and binds its options. `def` must outlive the set.
  ComponentSet(const GraphDef& def, const Registry& registry, RunControl& run);
  ~ComponentSet();

  // Opens resources in their order, then nodes in the order of the flow.
  void Open(const BatchLayout& layout, std::function<uint64_t()> lane_idle_ns);
  void CloseResources() noexcept;  // the opened ones, last first

  const std::vector<Node*>& nodes() const { return nodes_; }
  const std::vector<Resource*>& resources() const { return resources_; }
  Node& node(size_t index) const { return *nodes_[index]; }
  const NodeSpec& spec(size_t index) const { return *specs_[index]; }
  Component* Find(std::string_view name) const;

 private:
  class Context;
  struct Part {
    const ComponentDef* def;
    std::unique_ptr<Component> component;
    std::unique_ptr<Context> context;
  };
  void Make(const ComponentDef& def, const Registry& registry);

  const GraphDef& def_;
  RunControl& run_;
  std::vector<Part> parts_;  // resources, then nodes
  std::vector<Resource*> resources_;
  std::vector<Node*> nodes_;
  std::vector<const NodeSpec*> specs_;
  size_t opened_resources_ = 0;
};

}  // namespace flowtrain::internal
