// What every loss first does with its representations.
#pragma once

#include <ATen/core/Tensor.h>

namespace flowtrain {

// The representations [2B, D] as a loss computes with them: in fp32, or in fp64 if they are fp64.
// Throws c10::Error if they are not two views of B images; its message calls the loss `loss`.
at::Tensor LossInput(const at::Tensor& representations, const char* loss);

// The rows of the first and of the second views, [B, D] each.
inline at::Tensor FirstViews(const at::Tensor& z) { return z.narrow(0, 0, z.size(0) / 2); }
inline at::Tensor SecondViews(const at::Tensor& z) {
  return z.narrow(0, z.size(0) / 2, z.size(0) / 2);
}

// The sum of the squares of a square matrix's off-diagonal elements.
at::Tensor OffDiagonalSquares(const at::Tensor& matrix);

}  // namespace flowtrain
