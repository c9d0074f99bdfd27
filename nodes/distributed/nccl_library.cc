#include "nodes/distributed/nccl_library.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

#include <filesystem>
#include <system_error>

#include "pipeline/base/files/plugin_folders.h"

namespace flowtrain {
namespace {

constexpr char kLibrary[] = "flowtrain_nccl.so";

NcclLibrary Open(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  void* symbol = library == nullptr ? nullptr : dlsym(library, kNcclSymbol);
  if (symbol == nullptr) {
    const char* error = dlerror();
    return {nullptr, path + " cannot be opened: " + (error == nullptr ? "unknown error" : error)};
  }
  const auto* plugin = static_cast<const NcclPlugin*>(symbol);
  if (std::string(plugin->abi) != FLOWTRAIN_NCCL_ABI) {
    return {nullptr, path + " was built for " + plugin->abi + ", and this program is " +
                         FLOWTRAIN_NCCL_ABI + ": build both together"};
  }
  const auto cuda = static_cast<int>(at::detail::getCUDAHooks().versionCUDART());
  if (plugin->cuda_version / 1000 == cuda / 1000) return {plugin, ""};
  return {nullptr, path + " was built for CUDA " + std::to_string(plugin->cuda_version / 1000) +
                       ", and libtorch for CUDA " + std::to_string(cuda / 1000) +
                       ": build it with the headers of that"};
}

}  // namespace

NcclLibrary OpenNcclLibrary() {
  std::string looked;
  for (const std::string& folder : PluginFolders()) {
    const std::string path = std::filesystem::path(folder) / kLibrary;
    if (std::error_code ignored; std::filesystem::exists(path, ignored)) return Open(path);
    looked += (looked.empty() ? "" : ", ") + folder;
  }
  return {nullptr, std::string(kLibrary) + " is in none of " + looked +
                       "; it is built where CMake finds the headers of CUDA and NCCL"};
}

}  // namespace flowtrain
