// Nodes and resources as a graph makes them: with their defaults, and with options given as YAML.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "pipeline/base/error.h"
#include "pipeline/config/value.h"
#include "pipeline/node/node.h"

namespace flowtrain {

using Options = std::map<std::string, std::string>;  // by name: YAML

template <typename T>
void Bind(T& component, const Options& options = {}) {
  NodeSpec spec;
  T::Declare(spec);
  spec.SetDefaults(component);
  for (const auto& [name, yaml] : options) {
    const OptionSpec* option = nullptr;
    for (const OptionSpec& each : spec.options) {
      if (each.name == name) option = &each;
    }
    if (option == nullptr) throw ConfigError("no option " + name);
    const std::string wrong = option->assign(component, ReadYaml(yaml, name));
    if (!wrong.empty()) throw ConfigError(name + ": " + wrong);
  }
}

template <typename T>
std::unique_ptr<T> Make(const Options& options = {}) {
  auto component = std::make_unique<T>();
  Bind(*component, options);
  return component;
}

}  // namespace flowtrain
