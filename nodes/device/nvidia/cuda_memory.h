// What memory an NVIDIA GPU has.
#pragma once

#include <cstddef>
#include <optional>

namespace flowtrain {

struct CudaMemory {
  size_t total_bytes = 0;                        // 0: there is no such GPU
  std::optional<size_t> free_bytes, used_bytes;  // empty: the driver does not tell
};

// Of GPU `index`, as this process found it: later, its own memory would count as that of others.
const CudaMemory& CudaMemoryAtStart(int index);

}  // namespace flowtrain
