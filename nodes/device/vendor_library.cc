#include "nodes/device/vendor_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <array>

#include "nodes/device/nvidia/cuda_library.h"

namespace flowtrain {
namespace {

VendorLibrary LoadCuda() {
  const CudaLibrary cuda = LoadCudaLibrary();
  return {cuda.loaded, cuda.why, cuda.gpu_is_there};
}

// Neither AMD's nor Intel's has been tried.
VendorLibrary LoadOther(const char* driver, const char* device_file, const char* library) {
  const bool there = access(device_file, F_OK) == 0;
  if (dlopen(driver, RTLD_NOW | RTLD_LOCAL) == nullptr) {
    return {false, std::string("its driver's library ") + driver + " was not found", there};
  }
  // RTLD_GLOBAL, so that libtorch_cpu.so sees the library's registrations and symbols.
  if (dlopen(library, RTLD_NOW | RTLD_GLOBAL) != nullptr) return {true, "", true};
  return {false, std::string("libtorch's ") + library + " cannot be opened: " + dlerror(), there};
}

VendorLibrary LoadHip() { return LoadOther("libamdhip64.so", "/dev/kfd", "libtorch_hip.so"); }

// Most processors of Intel's have a graphics unit, which nobody expects to train on.
VendorLibrary LoadXpu() {
  VendorLibrary xpu = LoadOther("libze_loader.so.1", "/dev/dri", "libtorch_xpu.so");
  xpu.gpu_is_there = xpu.gpu_is_there && xpu.loaded;
  return xpu;
}

struct Vendor {
  const char *name, *device;
  VendorLibrary (*load)();
};

// NVIDIA's first: its absence is what a message speaks of.
constexpr std::array<Vendor, 3> kVendors = {
    {{"NVIDIA", "cuda", &LoadCuda}, {"AMD", "cuda", &LoadHip}, {"Intel", "xpu", &LoadXpu}}};

}  // namespace

VendorLibrary LoadVendorLibrary(const std::string& device) {
  VendorLibrary first;
  for (const Vendor& vendor : kVendors) {
    if (device != "auto" && device != vendor.device) continue;
    VendorLibrary library = vendor.load();
    if (library.loaded) return library;
    if (vendor.load != &LoadCuda) library.why = vendor.name + (": " + library.why);
    // What is there matters more than what is not.
    const bool better = library.gpu_is_there && !first.gpu_is_there;
    if (first.why.empty() || better) first = library;
  }
  if (first.why.empty()) first.why = "libtorch has no such accelerator";
  return first;
}

}  // namespace flowtrain
