#include "nodes/device/torch_versions.h"

#include <ATen/Context.h>
#include <torch/version.h>

namespace flowtrain {

std::string TorchVersion() { return TORCH_VERSION; }

std::string CudaVersions() {
  if (!at::globalContext().hasCUDA()) return {};
  return at::detail::getCUDAHooks().showConfig();
}

}  // namespace flowtrain
