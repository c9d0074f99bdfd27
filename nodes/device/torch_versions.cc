#include "nodes/device/torch_versions.h"

#include <torch/version.h>

#include "nodes/device/nvidia/cuda_library.h"

namespace flowtrain {

std::string TorchVersion() { return TORCH_VERSION; }

std::string GpuVersions() { return CudaVersions(); }

}  // namespace flowtrain
