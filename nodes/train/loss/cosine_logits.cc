#include "nodes/train/loss/cosine_logits.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "nodes/train/loss/loss_input.h"

namespace flowtrain {
namespace {

constexpr double kSmallestNorm = 1e-3;

}  // namespace

CosineLogits MakeCosineLogits(const at::Tensor& z, double temperature) {
  // A representation that underflowed to zero has a gradient of up to 1 / epsilon, which FP16 must
  // hold.
  const at::Tensor unit = z / z.norm(2, 1, true).clamp_min(kSmallestNorm);
  return {at::mm(unit, unit.t()).div(temperature),
          (FirstViews(unit) * SecondViews(unit)).sum(1).div(temperature)};
}

}  // namespace flowtrain
