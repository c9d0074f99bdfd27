#include "pipeline/node/registry.h"

#include <set>
#include <stdexcept>
#include <utility>

namespace flowtrain {
namespace {

template <typename Declared>
void RefuseRepeats(const std::string& type, const char* what,
                   const std::vector<Declared>& declared) {
  std::set<std::string> seen;
  for (const Declared& one : declared) {
    if (seen.insert(one.name).second) continue;
    throw std::logic_error("type '" + type + "' declares " + what + " '" + one.name + "' twice");
  }
}

}  // namespace

Registry& Registry::Global() {
  static Registry registry;
  return registry;
}

void Registry::Add(std::string name, NodeSpec spec, Factory make) {
  if (types_.count(name) != 0) throw std::logic_error("type '" + name + "' is registered twice");
  RefuseRepeats(name, "option", spec.options);
  RefuseRepeats(name, "retired option", spec.retired);
  RefuseRepeats(name, "resource", spec.uses);
  RefuseRepeats(name, "input", spec.inputs);
  RefuseRepeats(name, "output", spec.outputs);
  spec.type = name;
  types_.emplace(std::move(name), Type{std::move(spec), std::move(make)});
}

const Registry::Type* Registry::Find(const std::string& name) const {
  const auto found = types_.find(name);
  return found == types_.end() ? nullptr : &found->second;
}

}  // namespace flowtrain
