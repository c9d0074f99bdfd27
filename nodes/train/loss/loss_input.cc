#include "nodes/train/loss/loss_input.h"

#include <ATen/Functions.h>

namespace flowtrain {

at::Tensor LossInput(const at::Tensor& representations, const char* loss) {
  TORCH_CHECK(representations.dim() == 2 && representations.size(0) % 2 == 0, loss,
              " takes [2B, D] representations, got ", representations.sizes());
  return representations.scalar_type() == at::kDouble ? representations
                                                      : representations.to(at::kFloat);
}

// Masked, not subtracted: the diagonal can be a thousand times the other elements.
at::Tensor OffDiagonalSquares(const at::Tensor& matrix) {
  const at::Tensor diagonal = at::eye(matrix.size(0), matrix.options().dtype(at::kBool));
  return matrix.masked_fill(diagonal, 0).square().sum();
}

}  // namespace flowtrain
