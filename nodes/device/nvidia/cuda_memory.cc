#include "nodes/device/nvidia/cuda_memory.h"

#include <map>
#include <memory>

#include "nodes/device/nvidia/cuda_driver.h"
#include "nodes/device/nvidia/nvml.h"

namespace flowtrain {

const CudaMemory& CudaMemoryAtStart(int index) {
  static std::map<int, CudaMemory> found;
  const auto [memory, is_new] = found.try_emplace(index);
  if (!is_new) return memory->second;
  memory->second.total_bytes = CudaTotalBytes(index);
  if (memory->second.total_bytes == 0) return memory->second;
  const std::unique_ptr<Nvml> nvml = Nvml::Open(CudaBusId(index));
  const auto now = nvml == nullptr ? std::nullopt : nvml->ReadMemory();
  if (now) {
    memory->second.free_bytes = now->free_bytes;
    memory->second.used_bytes = now->used_bytes;
  }
  return memory->second;
}

}  // namespace flowtrain
