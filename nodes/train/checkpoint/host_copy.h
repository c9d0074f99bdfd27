// Tensors copied to the host, so that a thread beside the device lane can write them.
#pragma once

#include <cstddef>

#include "nodes/train/weights/named_tensors.h"

namespace flowtrain {

// Memory on the host, page-locked for a GPU, that the same tensors are copied to again and again.
class HostCopy {
 public:
  // Copies, and waits until all are there. The copies are row-major and hold till the next call.
  // Takes their memory (as much as the tensors have) with the first call.
  const NamedTensors& Take(const NamedTensors& tensors);
  size_t bytes() const;  // of the copies

 private:
  void Allocate(const NamedTensors& tensors);

  NamedTensors copies_;
};

}  // namespace flowtrain
