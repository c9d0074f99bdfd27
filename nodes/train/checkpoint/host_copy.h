// Tensors copied to the host, so that a thread beside the device lane can write them.
#pragma once

#include <cstddef>

#include "nodes/train/weights/named_tensors.h"

namespace flowtrain {

// Host memory, page-locked for a GPU, to which the same tensors are copied again and again.
class HostCopy {
 public:
  // Copies, and waits until all copies are complete. They are row-major and stay valid until the
  // next call. The first call takes their memory (as much as the tensors have).
  const NamedTensors& Take(const NamedTensors& tensors);
  size_t bytes() const;  // of the copies

 private:
  void Allocate(const NamedTensors& tensors);

  NamedTensors copies_;
};

}  // namespace flowtrain
