// Whether memory suffices for the autograd graphs of a window.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "nodes/device/device.h"

namespace flowtrain {

// What the forward pass of a micro-batch leaves in memory for its backward pass, above all the
// activations, times the micro-batches whose graphs are to be kept, against the memory there is.
class GraphMemory {
 public:
  explicit GraphMemory(const Device& device) : device_(&device) {}

  // Takes what `forward` leaves in memory as that of a micro-batch. False where that cannot be told
  // (BytesKept), or `forward` itself runs out of memory.
  bool Measure(const std::function<at::Tensor()>& forward);
  uint64_t micro_batch_bytes() const { return micro_batch_bytes_; }  // 0: not measured

  // Whether so many more graphs fit, and what a backward pass needs beside them: about as much as
  // one graph. On a CPU they may take half of what is free, since there nobody says when memory is
  // out: the system ends the process.
  bool HasRoomFor(int64_t micro_batches) const;

 private:
  const Device* device_;
  uint64_t micro_batch_bytes_ = 0;
};

}  // namespace flowtrain
