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

NodeSpec& NodeSpec::Retired(std::string name, std::string why) {
  retired.push_back({std::move(name), std::move(why)});
  return *this;
}

void NodeSpec::SetDefaults(Component& component) const {
  for (const auto& set_default : set_default_) set_default(component);
}

std::string OpenContext::NameOf(std::string_view option) const { return Named(option, name()); }

std::string OpenContext::NameOf(std::string_view use, std::string_view option) const {
  return Named(option, use);
}

std::string OpenContext::NameInStage(std::string_view option) const {
  return Named(option, "stage");
}

std::string OpenContext::Named(std::string_view option, std::string_view component) {
  return std::string(option) + " of '" + std::string(component) + '\'';
}

}  // namespace flowtrain
