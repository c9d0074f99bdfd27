#include "tools/tune/device_name.h"

#include <memory>
#include <stdexcept>

#include "nodes/device/device.h"
#include "pipeline/runtime/component_set.h"

namespace flowtrain {
namespace {

// A Device needs nothing of the graph around it.
class NoGraph final : public OpenContext {
 public:
  const std::string& name() const override { return name_; }
  int workers() const override { return 1; }
  const BatchLayout& layout() const override { return layout_; }
  RunControl& run() const override { throw std::logic_error("there is no run"); }
  uint64_t lane_idle_ns() const override { return 0; }

 private:
  Resource* Find(std::string_view) const override { return nullptr; }

  const std::string name_ = "device";
  const BatchLayout layout_{};
};

}  // namespace

std::string DeviceNameOf(const GraphDef& def, const Registry& registry) {
  for (const ComponentDef& resource : def.resources) {
    const std::unique_ptr<Component> component = MakeComponent(resource, registry);
    auto* device = dynamic_cast<Device*>(component.get());
    if (device == nullptr) continue;
    device->Open(NoGraph());
    const std::string name = device->Name();
    device->Close();
    return name;
  }
  return "";
}

}  // namespace flowtrain
