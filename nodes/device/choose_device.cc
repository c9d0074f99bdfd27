#include "nodes/device/choose_device.h"

#include <ATen/DeviceAccelerator.h>
#include <c10/util/Exception.h>

#include <optional>
#include <utility>

#include "nodes/device/vendor_library.h"
#include "pipeline/base/log.h"

namespace flowtrain {
namespace {

ConfigError TooFewDevices(int process, int count) {
  return ConfigError("there are " + std::to_string(count) + " devices for " +
                     std::to_string(process + 1) +
                     " processes or more on this machine: start one process per device, or set "
                     "device to cpu");
}

// Once a process, which may open several graphs.
void WarnOfGpuNotUsed(const VendorLibrary& library) {
  static bool warned = false;
  if (std::exchange(warned, true)) return;
  LogWarning("computing on the CPU although a GPU is there: " +
             (library.loaded ? "libtorch shows none of the driver's" : library.why) +
             ". With device set to cpu this is not said (docs/troubleshooting.md)");
}

}  // namespace

std::string CheckDeviceName(const std::string& name) {
  if (name == "auto" || name == "cpu") return {};
  try {
    if (!c10::Device(name).is_cpu()) return {};
  } catch (const c10::Error&) {
    // the same fault
  }
  return '\'' + name + "' is not one of " + kDeviceNames;
}

ConfigError UnusableDevice(const std::string& name, const std::string& why) {
  return ConfigError("device: '" + name + "' cannot be used: " + why);
}

c10::Device ChooseDevice(const std::string& name, int process) {
  if (name == "cpu") return c10::kCPU;
  const VendorLibrary library = LoadVendorLibrary(name.substr(0, name.find(':')));
  const std::optional<c10::DeviceType> type = at::accelerator::getAccelerator();
  const int count = type ? at::accelerator::deviceCount() : 0;
  if (name == "auto") {
    if (count > 0 && process >= count) throw TooFewDevices(process, count);
    if (count > 0) return {*type, static_cast<c10::DeviceIndex>(process)};
    if (library.gpu_is_there) WarnOfGpuNotUsed(library);
    return c10::kCPU;
  }
  const c10::Device device(name);
  if (type != device.type())
    throw UnusableDevice(name, library.loaded ? "libtorch has no such device" : library.why);
  if (count == 0) throw UnusableDevice(name, "the driver shows no such device");
  const int index = device.has_index() ? device.index() : process;
  if (!device.has_index() && index >= count) throw TooFewDevices(process, count);
  if (index >= count) {
    throw ConfigError("device: '" + name + "' does not exist: there are " + std::to_string(count) +
                      " such devices, numbered from 0");
  }
  return {device.type(), static_cast<c10::DeviceIndex>(index)};
}

}  // namespace flowtrain
