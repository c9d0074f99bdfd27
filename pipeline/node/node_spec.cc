#include <utility>

#include "pipeline/node/node.h"

namespace flowtrain {

NodeSpec& NodeSpec::Doc(std::string text) {
  doc = std::move(text);
  return *this;
}

NodeSpec& NodeSpec::Input(std::string name, Stream stream) {
  inputs.push_back({std::move(name), stream});
  return *this;
}

NodeSpec& NodeSpec::Output(std::string name, Stream stream) {
  outputs.push_back({std::move(name), stream});
  return *this;
}

NodeSpec& NodeSpec::Serial() {
  serial = true;
  return *this;
}

NodeSpec& NodeSpec::OnLane() {
  on_lane = true;
  return *this;
}

NodeSpec& NodeSpec::Uses(std::string name, std::string type_name) {
  uses.push_back({std::move(name), std::move(type_name), false});
  return *this;
}

NodeSpec& NodeSpec::MayUse(std::string name, std::string type_name) {
  uses.push_back({std::move(name), std::move(type_name), true});
  return *this;
}

void NodeSpec::SetDefaults(Component& component) const {
  for (const auto& set_default : set_default_) set_default(component);
}

}  // namespace flowtrain
