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
  // A micro-batch's gradients of the parameters take `gradient_bytes`, and so do their sums.
  GraphMemory(const Device& device, uint64_t gradient_bytes)
      : device_(&device), gradient_bytes_(gradient_bytes) {}

  // Takes what `forward` leaves in memory as that of a micro-batch. False where that cannot be told
  // (BytesKept), or `forward` itself runs out of memory.
  bool Measure(const std::function<at::Tensor()>& forward);
  uint64_t micro_batch_bytes() const { return micro_batch_bytes_; }  // 0: not measured

  // Whether so many more graphs fit, with the parameters' gradients and what else a backward pass
  // needs: about as much as one graph. On a CPU they may take half of what is free, since there nobody says when memory is
  // out: the system ends the process.
  bool HasRoomFor(int64_t micro_batches) const;

 private:
  const Device* device_;
  uint64_t gradient_bytes_;
  uint64_t micro_batch_bytes_ = 0;
};

}  // namespace flowtrain
