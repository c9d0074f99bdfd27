#include "nodes/device/nvidia/cuda_driver.h"

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
  Driver() : library_(OpenDriverLibrary("libcuda.so.1")) {}
  bool opened() const { return library_ != nullptr; }

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

// Under WSL2 the driver's libraries are in a folder of their own, which is not always on the search
// path.
void* OpenDriverLibrary(const char* name) {
  void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library != nullptr) return library;
  return dlopen((std::string("/usr/lib/wsl/lib/") + name).c_str(), RTLD_NOW | RTLD_LOCAL);
}

CudaDriverState ReadCudaDriver() {
  const Driver driver;
  CudaDriverState state;
  state.opened = driver.opened();
  if (!state.opened) return state;
  if (const auto version = driver.Find<int (*)(int*)>("cuDriverGetVersion")) {
    version(&state.version);
  }
  const auto init = driver.Find<int (*)(unsigned)>("cuInit");
  const auto count = driver.Find<int (*)(int*)>("cuDeviceGetCount");
  constexpr int kNotInitialized = 3;
  state.error = init == nullptr || count == nullptr ? kNotInitialized : init(0);
  if (state.error == 0) state.error = count(&state.gpus);
  const auto name_of = driver.Find<int (*)(int, const char**)>("cuGetErrorName");
  const char* name = nullptr;
  if (state.error != 0 && name_of != nullptr && name_of(state.error, &name) == 0) {
    state.error_name = name;
  }
  return state;
}

void LimitCudaMemory(double fraction) {
  const char* given = std::getenv(kAllocatorSettings);
  if (given == nullptr) given = std::getenv("PYTORCH_ALLOC_CONF");  // the one above would hide it
  const std::string limit = "per_process_memory_fraction:" + std::to_string(fraction);
  const std::string settings = given == nullptr ? "" : given;
  if (settings.find(limit) != std::string::npos) return;  // of another graph of this process
  setenv(kAllocatorSettings, (settings.empty() ? limit : settings + ',' + limit).c_str(), 1);
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

std::string CudaBusId(int index) {
  const Driver driver;
  const auto get_bus_id = driver.Find<int (*)(char*, int, int)>("cuDeviceGetPCIBusId");
  const std::optional<int> device = driver.Device(index);
  std::array<char, 32> bus_id{};
  if (!device || get_bus_id == nullptr) return {};
  if (get_bus_id(bus_id.data(), static_cast<int>(bus_id.size()) - 1, *device) != 0) return {};
  return bus_id.data();
}

}  // namespace flowtrain
