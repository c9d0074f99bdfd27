#include "nodes/device/cuda_driver.h"

#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <optional>

namespace flowtrain {
namespace {

constexpr char kAllocatorSettings[] = "PYTORCH_CUDA_ALLOC_CONF";

// The driver's functions, declared here as in cuda.h.
class Driver {
 public:
  Driver() : library_(OpenCudaDriver()) {}

  template <typename Function>
  Function Find(const char* name) const {
    return library_ == nullptr ? nullptr : reinterpret_cast<Function>(dlsym(library_, name));
  }
  // The driver's handle of GPU `index`.
  std::optional<int> Device(int index) const {
    const auto init = Find<int (*)(unsigned)>("cuInit");
    const auto get = Find<int (*)(int*, int)>("cuDeviceGet");
    int device = 0;
    if (init == nullptr || get == nullptr || init(0) != 0 || get(&device, index) != 0) return {};
    return device;
  }

 private:
  void* library_;
};

}  // namespace

// Under WSL2 the driver's library is in a folder of its own, which is not always on the search
// path.
void* OpenCudaDriver() {
  for (const char* name : {"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"}) {
    if (void* driver = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return driver;
  }
  return nullptr;
}

void LimitCudaMemory(double fraction) {
  const char* given = std::getenv(kAllocatorSettings);
  if (given == nullptr) given = std::getenv("PYTORCH_ALLOC_CONF");  // the one above would hide it
  std::string settings = given == nullptr ? "" : std::string(given) + ',';
  settings += "per_process_memory_fraction:" + std::to_string(fraction);
  setenv(kAllocatorSettings, settings.c_str(), 1);
}

size_t CudaTotalBytes(int index) {
  const Driver driver;
  const auto total = driver.Find<int (*)(size_t*, int)>("cuDeviceTotalMem_v2");
  const std::optional<int> device = driver.Device(index);
  size_t bytes = 0;
  if (!device || total == nullptr || total(&bytes, *device) != 0) return 0;
  return bytes;
}

std::string CudaDeviceName(int index) {
  const Driver driver;
  const auto get_name = driver.Find<int (*)(char*, int, int)>("cuDeviceGetName");
  const std::optional<int> device = driver.Device(index);
  std::array<char, 256> name{};
  if (!device || get_name == nullptr) return {};
  if (get_name(name.data(), static_cast<int>(name.size()) - 1, *device) != 0) return {};
  return name.data();
}

}  // namespace flowtrain
