#include "nodes/train/graph_memory.h"

#include <exception>
#include <optional>

#include "nodes/device/free_memory.h"
#include "nodes/device/out_of_memory.h"

namespace flowtrain {

bool GraphMemory::Measure(const std::function<at::Tensor()>& forward) {
  micro_batch_bytes_ = 0;
  try {
    micro_batch_bytes_ = BytesKept(*device_, forward).value_or(0);
  } catch (const std::exception& error) {
    if (!IsOutOfMemory(error) && !IsOutOfHostMemory(error)) throw;
  }
  return micro_batch_bytes_ > 0;
}

bool GraphMemory::HasRoomFor(int64_t micro_batches) const {
  const uint64_t share = device_->is_accelerator() ? 1 : 2;
  const uint64_t bytes =
      2 * gradient_bytes_ + micro_batch_bytes_ * static_cast<uint64_t>(micro_batches + 1);
  return share * bytes <= FreeBytes(*device_);
}

}  // namespace flowtrain
