#include "nodes/device/nvidia/cuda_library.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <filesystem>

#include "nodes/device/nvidia/nvidia_gpu.h"

namespace flowtrain {
namespace {

// Where libtorch is, the library that is in use.
std::string TorchFolder() {
  void* library = dlopen("libtorch_cpu.so", RTLD_NOW | RTLD_NOLOAD);
  link_map* map = nullptr;
  if (library == nullptr || dlinfo(library, RTLD_DI_LINKMAP, &map) != 0) return "";
  return std::filesystem::path(map->l_name).parent_path().string();
}

}  // namespace

CudaLibrary LoadCudaLibrary() {
  const NvidiaSigns signs = ReadNvidiaSigns();
  const GpuTrouble trouble = TroubleOf(signs);
  if (!trouble.why.empty()) return {false, trouble.why, !trouble.expected};
  constexpr char kLibrary[] = "libtorch_cuda.so";
  // RTLD_GLOBAL, so that libtorch_cpu.so sees the library's registrations and symbols.
  if (dlopen(kLibrary, RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const std::string error = dlerror(), folder = TorchFolder();
    const bool there = access((folder + '/' + kLibrary).c_str(), F_OK) == 0;
    return {false, CudaLibraryTrouble(folder, there, error), true};
  }
  const at::CUDAHooksInterface& hooks = at::detail::getCUDAHooks();
  const int built_with = hooks.hasCUDART() ? static_cast<int>(hooks.versionCUDART()) : 0;
  const std::string age = DriverAgeTrouble(signs.driver.version, built_with);
  return {age.empty(), age, true};
}

std::string CudaVersions() {
  if (!at::globalContext().hasCUDA()) return {};
  return at::detail::getCUDAHooks().showConfig();
}

}  // namespace flowtrain
