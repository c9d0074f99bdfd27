#include "nodes/device/vendor_library.h"

#include <dlfcn.h>

#include <array>

#include "nodes/device/cuda_driver.h"

namespace flowtrain {
namespace {

struct Vendor {
  const char *name, *device;
  const char* driver;
  void* (*open_driver)();
  const char* library;
};

void* OpenHip() { return dlopen("libamdhip64.so", RTLD_NOW | RTLD_LOCAL); }
void* OpenLevelZero() { return dlopen("libze_loader.so.1", RTLD_NOW | RTLD_LOCAL); }

// NVIDIA's first: its absence is what a message speaks of.
constexpr std::array<Vendor, 3> kVendors = {{
    {"NVIDIA", "cuda", "libcuda.so.1", &OpenCudaDriver, "libtorch_cuda.so"},
    {"AMD", "cuda", "libamdhip64.so", &OpenHip, "libtorch_hip.so"},
    {"Intel", "xpu", "libze_loader.so.1", &OpenLevelZero, "libtorch_xpu.so"},
}};

// Why it cannot be used; empty if it can.
std::string Load(const Vendor& vendor) {
  if (vendor.open_driver() == nullptr) {
    return std::string("no ") + vendor.name + " driver (" + vendor.driver + " was not found)";
  }
  // RTLD_GLOBAL, so that libtorch_cpu.so sees the library's registrations and symbols.
  if (dlopen(vendor.library, RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return std::string(vendor.library) + " cannot be opened: " + dlerror();
  }
  return "";
}

}  // namespace

bool LoadVendorLibrary(const std::string& device, std::string* why) {
  std::string first;
  for (const Vendor& vendor : kVendors) {
    if (device != "auto" && device != vendor.device) continue;
    const std::string problem = Load(vendor);
    if (problem.empty()) return true;
    if (first.empty()) first = problem;
  }
  if (why != nullptr) *why = first.empty() ? "libtorch has no such accelerator" : first;
  return false;
}

}  // namespace flowtrain
