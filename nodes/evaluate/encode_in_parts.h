// As many images at a time as the device has memory for.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "nodes/device/device.h"

namespace flowtrain {

// Encodes images in parts that become smaller, for good, once the device runs out of memory. An
// image's features do not depend on the images beside it.
class EncodeInParts {
 public:
  using Encode = std::function<at::Tensor(const at::Tensor& images)>;

  // Throws what `encode` throws if it is not for want of memory, or a single image does not fit.
  at::Tensor operator()(Device& device, const at::Tensor& images, const Encode& encode);

 private:
  int64_t at_a_time_ = 0;  // images; 0: all
};

}  // namespace flowtrain
