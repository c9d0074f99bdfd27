// The similarities that contrastive losses compare.
#pragma once

#include <ATen/core/Tensor.h>

namespace flowtrain {

struct CosineLogits {
  at::Tensor all;        // [2B, 2B]: every row with every row, the diagonal included
  at::Tensor positives;  // [B]: the two views of each image with each other
};

// Cosine similarities of the rows of `z` [2B, D], divided by the temperature.
CosineLogits MakeCosineLogits(const at::Tensor& z, double temperature);

}  // namespace flowtrain
