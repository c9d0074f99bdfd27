// Features with the classes of their images.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace flowtrain {

struct Features {
  at::Tensor features;      // float [N, D]
  at::Tensor labels;        // int64 [N], on the same device
  uint64_t unreadable = 0;  // images left out
};

}  // namespace flowtrain
