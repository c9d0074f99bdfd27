#include "pipeline/runtime/component_set.h"

#include <algorithm>
#include <utility>

#include "pipeline/config/problems.h"
#include "pipeline/graph/graph_validate.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

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

namespace flowtrain::internal {

class ComponentSet::Context final : public OpenContext {
 public:
  Context(const ComponentSet& set, const ComponentDef& def, const BatchLayout& layout,
          std::function<uint64_t()> lane_idle_ns)
      : set_(set), def_(def), layout_(layout), lane_idle_ns_(std::move(lane_idle_ns)) {}

  const std::string& name() const override { return def_.name; }
  int workers() const override { return std::max(set_.def_.workers, set_.def_.capacity.threads); }
  const BatchLayout& layout() const override { return layout_; }
  RunControl& run() const override { return set_.run_; }
  uint64_t lane_idle_ns() const override { return lane_idle_ns_(); }
  std::string NameOf(std::string_view option) const override { return NameIn(def_, option); }
  std::string NameOf(std::string_view use, std::string_view option) const override {
    for (const UseDef& declared : def_.uses) {
      if (declared.name != use) continue;
      for (const ComponentDef& resource : set_.def_.resources) {
        if (resource.name == declared.resource) return NameIn(resource, option);
      }
    }
    return OpenContext::NameOf(use, option);
  }
  std::string NameInStage(std::string_view option) const override {
    for (size_t i = 0; i < set_.nodes_.size(); ++i) {
      if (set_.spec(i).kind == NodeSpec::Kind::kCollate) return NameIn(set_.def_.nodes[i], option);
    }
    return OpenContext::NameInStage(option);
  }

 private:
  static std::string NameIn(const ComponentDef& def, std::string_view option) {
    for (const Entry& given : def.options) {
      if (given.key != option) continue;
      const bool is_parameter = !given.value.parameter.empty();
      const Position& at = given.value.at;
      return (is_parameter ? given.value.parameter : Named(option, def.name)) + " (" + at.file +
             (at.line == 0 ? "" : ':' + std::to_string(at.line)) + ')';
    }
    return Named(option, def.name);
  }

  Resource* Find(std::string_view use) const override {
    for (const UseDef& declared : def_.uses) {
      if (declared.name == use) return dynamic_cast<Resource*>(set_.Find(declared.resource));
    }
    return nullptr;
  }

  Node* Before() const override {
    const std::vector<NodeDef>& nodes = set_.def_.nodes;
    const auto self = std::find_if(nodes.begin(), nodes.end(),
                                   [this](const NodeDef& node) { return node.name == def_.name; });
    if (self == nodes.end() || self->in.empty()) return nullptr;
    for (size_t i = 0; i < nodes.size(); ++i) {
      for (const PortDef& made : nodes[i].out) {
        if (made.stream == self->in.front().stream) return set_.nodes_[i];
      }
    }
    return nullptr;
  }

  const ComponentSet& set_;
  const ComponentDef& def_;
  const BatchLayout layout_;
  const std::function<uint64_t()> lane_idle_ns_;
};

ComponentSet::ComponentSet(const GraphDef& def, const Registry& registry, RunControl& run)
    : def_(def), run_(run) {
  for (const ComponentDef& resource : def.resources) {
    Make(resource, registry);
    resources_.push_back(dynamic_cast<Resource*>(parts_.back().component.get()));
  }
  for (const NodeDef& node : def.nodes) {
    Make(node, registry);
    nodes_.push_back(dynamic_cast<Node*>(parts_.back().component.get()));
    specs_.push_back(&registry.Find(node.type)->spec);
  }
}

ComponentSet::~ComponentSet() {
  while (!parts_.empty()) parts_.pop_back();  // users go before what they use
}

void ComponentSet::Make(const ComponentDef& def, const Registry& registry) {
  parts_.push_back({&def, MakeComponent(def, registry), nullptr});
}

void ComponentSet::Open(const BatchLayout& layout, std::function<uint64_t()> lane_idle_ns) {
  for (Part& part : parts_) {
    part.context = std::make_unique<Context>(*this, *part.def, layout, lane_idle_ns);
    part.component->Open(*part.context);
    if (opened_resources_ < resources_.size()) ++opened_resources_;
  }
}

void ComponentSet::CloseResources() noexcept {
  while (opened_resources_ > 0) resources_[--opened_resources_]->Close();
}

Component* ComponentSet::Find(std::string_view name) const {
  for (const Part& part : parts_) {
    if (part.def->name == name) return part.component.get();
  }
  return nullptr;
}

}  // namespace flowtrain::internal
