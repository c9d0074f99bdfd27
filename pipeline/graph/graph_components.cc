#include <algorithm>
#include <map>
#include <utility>

#include "pipeline/base/text/suggest.h"
#include "pipeline/base/topology.h"
#include "pipeline/graph/graph_validate.h"
#include "pipeline/graph/interpolate.h"

namespace flowtrain::internal {
namespace {

using Kind = NodeSpec::Kind;

// The type of a node or resource, or nullptr after a finding.
const Registry::Type* FindType(const ComponentDef& def, bool resource, const Registry& registry,
                               Problems& problems) {
  if (def.type.empty()) return nullptr;
  const char* wanted = resource ? "resource" : "node";
  const Registry::Type* type = registry.Find(def.type);
  if (type == nullptr) {
    std::vector<std::string> known;
    for (const auto& [name, candidate] : registry.types()) {
      if ((candidate.spec.kind == Kind::kResource) == resource) known.push_back(name);
    }
    problems.Add(def.at, std::string("unknown ") + wanted + " type " + Quoted(def.type) + " of " +
                             Quoted(def.name) + DidYouMean(def.type, known));
    return nullptr;
  }
  if ((type->spec.kind == Kind::kResource) != resource) {
    problems.Add(def.at, NameAndType(def) + (resource ? " is a node, not a resource"
                                                      : " is a resource, not a node"));
    return nullptr;
  }
  return type;
}

// Looks up and completes the uses of components among the resources of the graph.
class UseCheck {
 public:
  UseCheck(const GraphDef& graph, const Registry& registry, Problems& problems)
      : registry_(registry), problems_(problems) {
    for (const ComponentDef& resource : graph.resources) {
      names_.push_back(resource.name);
      types_[resource.name] = resource.type;
    }
  }

  void Complete(ComponentDef& def, const NodeSpec& spec) const {
    std::vector<std::string> declared;
    for (const NodeSpec::Use& use : spec.uses) declared.push_back(use.name);
    for (const UseDef& use : def.uses) CheckDeclared(def, use, declared);
    std::vector<UseDef> complete;
    for (const NodeSpec::Use& use : spec.uses) {
      const auto given = std::find_if(def.uses.begin(), def.uses.end(),
                                      [&](const UseDef& one) { return one.name == use.name; });
      if (given != def.uses.end()) {
        CheckGiven(def, use, *given);
        complete.push_back(*given);
      } else if (types_.count(use.name) != 0) {
        complete.push_back({use.name, use.name, def.at});
        CheckType(def, use, complete.back());
      } else if (!use.optional) {
        problems_.Add(def.at, NameAndType(def) + " uses the resource " + Quoted(use.name) + " (" +
                                  use.type + "), which the graph does not have" + Hint(use));
      }
    }
    def.uses = std::move(complete);
  }

 private:
  void CheckDeclared(const ComponentDef& def, const UseDef& use,
                     const std::vector<std::string>& declared) const {
    if (std::find(declared.begin(), declared.end(), use.name) != declared.end()) return;
    const std::string known =
        declared.empty() ? "; it uses none" : "; it uses " + JoinNames(declared);
    const std::string nearest = DidYouMean(use.name, declared);
    problems_.Add(use.at, NameAndType(def) + " uses no resource " + Quoted(use.name) +
                              (nearest.empty() ? known : nearest));
  }

  void CheckGiven(const ComponentDef& def, const NodeSpec::Use& use, const UseDef& given) const {
    if (given.resource.empty()) return;  // a finding already
    if (types_.count(given.resource) == 0) {
      problems_.Add(given.at, "unknown resource " + Quoted(given.resource) +
                                  DidYouMean(given.resource, names_) + " (" + def.name + ".uses." +
                                  use.name + ")");
      return;
    }
    CheckType(def, use, given);
  }

  void CheckType(const ComponentDef& def, const NodeSpec::Use& use, const UseDef& given) const {
    const std::string& type = types_.at(given.resource);
    if (type == use.type || registry_.Find(type) == nullptr) return;
    problems_.Add(given.at, "resource " + Quoted(given.resource) + " is of type " + type +
                                ", but " + NameAndType(def) + " uses " + use.type + " as " +
                                Quoted(use.name));
  }

  std::string Hint(const NodeSpec::Use& use) const {
    for (const std::string& name : names_) {
      if (types_.at(name) != use.type) continue;
      return "; to take " + Quoted(name) + ", write uses: {" + use.name + ": " + name + "}";
    }
    return {};
  }

  const Registry& registry_;
  Problems& problems_;
  std::vector<std::string> names_;
  std::map<std::string, std::string> types_;
};

template <typename Declared>
auto FindNamed(const std::vector<Declared>& declared, const std::string& name) {
  return std::find_if(declared.begin(), declared.end(),
                      [&](const Declared& one) { return one.name == name; });
}

template <typename Declared>
bool Has(const std::vector<Declared>& declared, const std::string& name) {
  return FindNamed(declared, name) != declared.end();
}

// Without a type it is unknown what is taken, and the finding about the type is enough.
void TakeAll(const ComponentDef& def, TakenOptions& taken) {
  for (const Entry& entry : def.options) {
    if (!entry.section.empty()) taken.parameters.push_back(entry.value.parameter);
  }
}

// Merges the given options: of those with the same name, the last one counts. Of a section only
// those that the type declares are taken, since it may serve other types too.
class OptionLayers {
 public:
  OptionLayers(ComponentDef& def, const NodeSpec& spec, TakenOptions& taken)
      : def_(def), spec_(spec), taken_(taken) {}

  void Lay() {
    std::vector<Entry> laid;
    for (size_t i = 0; i < def_.options.size(); ++i) {
      const Entry& entry = def_.options[i];
      if (!entry.section.empty()) TakeSection(i);
      if (!IsOption(entry)) continue;
      const auto below = std::find_if(laid.begin(), laid.end(),
                                      [&](const Entry& one) { return one.key == entry.key; });
      if (below == laid.end()) {
        laid.push_back(entry);
      } else {
        *below = entry;
      }
    }
    std::stable_sort(laid.begin(), laid.end(), [this](const Entry& a, const Entry& b) {
      return FindNamed(spec_.options, a.key) < FindNamed(spec_.options, b.key);
    });
    def_.options = std::move(laid);
  }

 private:
  bool IsOption(const Entry& entry) {
    const auto retired = FindNamed(spec_.retired, entry.key);
    if (retired == spec_.retired.end()) {
      return entry.section.empty() || Has(spec_.options, entry.key);
    }
    if (entry.section.empty()) {
      taken_.retired += (taken_.retired.empty() ? "" : ", ") + def_.name + '.' + entry.key + " (" +
                        retired->why + ')';
    }
    return false;
  }

  // Called with the last entry of a section: notes which of its keys the type has options for.
  void TakeSection(size_t last) {
    const std::string& section = def_.options[last].section;
    if (last + 1 < def_.options.size() && def_.options[last + 1].section == section) return;
    for (const OptionSpec& option : spec_.options) {
      const bool overlaid = std::any_of(
          def_.options.begin() + static_cast<std::ptrdiff_t>(last) + 1, def_.options.end(),
          [&](const Entry& later) { return later.key == option.name; });
      (overlaid ? taken_.laid_over : taken_.parameters).push_back(section + '.' + option.name);
    }
  }

  ComponentDef& def_;
  const NodeSpec& spec_;
  TakenOptions& taken_;
};

// "an integer >= 1"; "one of a, b" for text.
std::string Wanted(const OptionSpec& option) {
  if (option.bound.empty()) return option.type;
  if (option.type == "text") return option.bound;
  return option.type + (option.bound[0] == '>' ? " " : ", ") + option.bound;
}

void CheckOptions(const ComponentDef& def, const Registry::Type& type, Problems& problems) {
  const std::unique_ptr<Component> component = type.make();
  type.spec.SetDefaults(*component);
  BindOptions(def, type, *component, problems);
}

// The lane takes one packet at a time, and so does every node that needs the order of steps.
void CheckWorkers(const ParsedNode& node, const NodeSpec& spec, Problems& problems) {
  if (!node.workers || node.def.workers == 1) return;
  const bool on_lane = spec.on_lane || spec.kind == Kind::kCollate || spec.kind == Kind::kWindow;
  if (!on_lane && !spec.serial && spec.kind != Kind::kStep) return;
  problems.AddWrong(node.workers->value, node.def.name + ".workers",
                    NameAndType(node.def) +
                        (on_lane                    ? " runs on the device lane"
                         : spec.kind == Kind::kStep ? " takes steps in order"
                                                    : " takes one sample at a time") +
                        ": its workers must be 1, not " +
                        (node.auto_workers ? "auto" : std::to_string(node.def.workers)));
}

void OrderResources(GraphDef& graph, Problems& problems) {
  auto& resources = graph.resources;
  std::vector<std::vector<size_t>> before(resources.size());
  for (size_t i = 0; i < resources.size(); ++i) {
    for (const UseDef& use : resources[i].uses) {
      for (size_t j = 0; j < resources.size(); ++j) {
        if (resources[j].name == use.resource) before[i].push_back(j);
      }
    }
  }
  const Topology topology = SortTopologically(before);
  if (!topology.cycle.empty()) {
    std::string path = resources[topology.cycle.front()].name;
    for (auto i = topology.cycle.rbegin(); i != topology.cycle.rend(); ++i) {
      path += " -> " + resources[*i].name;
    }
    problems.Add(resources[topology.cycle.front()].at, "resources form a cycle: " + path);
    return;
  }
  std::vector<ComponentDef> ordered;
  for (const size_t i : topology.order) ordered.push_back(std::move(resources[i]));
  resources = std::move(ordered);
}

}  // namespace

std::string NameAndType(const ComponentDef& def) {
  return Quoted(def.name) + " (" + def.type + ")";
}

void BindOptions(const ComponentDef& def, const Registry::Type& type, Component& component,
                 Problems& problems) {
  std::vector<std::string> known;
  for (const OptionSpec& option : type.spec.options) known.push_back(option.name);
  for (const Entry& entry : def.options) {
    const auto found = std::find(known.begin(), known.end(), entry.key);
    if (found == known.end()) {
      if (Has(type.spec.retired, entry.key)) continue;
      std::string hint = DidYouMean(entry.key, known);
      if (hint.empty()) hint = known.empty() ? "; it has none" : "; known are " + JoinNames(known);
      problems.Add(entry.at,
                   "unknown option " + Quoted(entry.key) + " of " + NameAndType(def) + hint);
      continue;
    }
    if (IsUnresolved(entry.value)) continue;
    const auto& option = type.spec.options[static_cast<size_t>(found - known.begin())];
    std::string wrong = option.assign(component, entry.value);
    // Of a value of another type, all that is allowed.
    if (wrong == WrongType(entry.value, option.type))
      wrong = WrongType(entry.value, Wanted(option));
    if (!wrong.empty()) problems.AddWrong(entry.value, def.name + '.' + entry.key, wrong);
  }
  for (const OptionSpec& option : type.spec.options) {
    const bool given = std::any_of(def.options.begin(), def.options.end(),
                                   [&](const Entry& entry) { return entry.key == option.name; });
    if (given || !option.required) continue;
    problems.Add(def.at, NameAndType(def) + " needs the option " + Quoted(option.name) + " (" +
                             option.type + "): " + option.doc);
  }
}

void CheckComponents(ParsedGraph& graph, const Registry& registry, TakenOptions& taken,
                     Problems& problems) {
  const UseCheck uses(graph.def, registry, problems);
  for (ComponentDef& resource : graph.def.resources) {
    const Registry::Type* type = FindType(resource, true, registry, problems);
    if (type == nullptr) {
      TakeAll(resource, taken);
      continue;
    }
    uses.Complete(resource, type->spec);
    OptionLayers(resource, type->spec, taken).Lay();
    CheckOptions(resource, *type, problems);
  }
  for (ParsedNode& node : graph.nodes) {
    const Registry::Type* type = FindType(node.def, false, registry, problems);
    if (type == nullptr) {
      TakeAll(node.def, taken);
      continue;
    }
    uses.Complete(node.def, type->spec);
    OptionLayers(node.def, type->spec, taken).Lay();
    CheckOptions(node.def, *type, problems);
    CheckWorkers(node, type->spec, problems);
  }
  OrderResources(graph.def, problems);
}

}  // namespace flowtrain::internal
