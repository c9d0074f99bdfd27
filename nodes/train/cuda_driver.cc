#include "nodes/train/cuda_driver.h"

#include <dlfcn.h>

#include <array>

namespace flowtrain {
namespace {

// Under WSL2 the driver's library lies in a folder of its own, which is not always on the search
// path.
void* OpenDriver() {
  for (const char* name : {"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"}) {
    if (void* driver = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return driver;
  }
  return nullptr;
}

struct Loaded {
  bool ok = false;
  std::string why;
};

Loaded Load() {
  if (OpenDriver() == nullptr) return {false, "no NVIDIA driver (libcuda.so.1 was not found)"};
  // Global, so that the library's registrations and symbols are those that libtorch_cpu.so sees.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return {false, std::string("libtorch_cuda.so cannot be opened: ") + dlerror()};
  }
  return {true, ""};
}

}  // namespace

bool LoadCudaLibrary(std::string* why) {
  static const Loaded loaded = Load();
  if (!loaded.ok && why != nullptr) *why = loaded.why;
  return loaded.ok;
}

std::string CudaDeviceName(int index) {
  void* driver = OpenDriver();
  if (driver == nullptr) return {};
  // int cuInit(unsigned), int cuDeviceGet(int* device, int ordinal), int cuDeviceGetName(char*,
  // int, int device)
  const auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
  const auto get = reinterpret_cast<int (*)(int*, int)>(dlsym(driver, "cuDeviceGet"));
  const auto get_name =
      reinterpret_cast<int (*)(char*, int, int)>(dlsym(driver, "cuDeviceGetName"));
  if (init == nullptr || get == nullptr || get_name == nullptr || init(0) != 0) return {};
  int device = 0;
  std::array<char, 256> name{};
  if (get(&device, index) != 0) return {};
  if (get_name(name.data(), static_cast<int>(name.size()) - 1, device) != 0) return {};
  return name.data();
}

}  // namespace flowtrain
