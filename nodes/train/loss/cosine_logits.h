// The similarities that contrastive losses compare.
#pragma once

#include <ATen/core/Tensor.h>

namespace flowtrain {

struct CosineLogits {
  at::Tensor all;        // [2B, 2B]: of every row to every row, its own diagonal included
  at::Tensor positives;  // [B]: of the two views of each image
};

// Cosine similarities of the rows of `z` [2B, D], divided by the temperature.
CosineLogits MakeCosineLogits(const at::Tensor& z, double temperature);

}  // namespace flowtrain
