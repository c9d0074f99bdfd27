#include "nodes/train/loss/cosine_logits.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <vector>

namespace flowtrain {
namespace {

constexpr double kSmallestNorm = 1e-3;

}  // namespace

CosineLogits MakeCosineLogits(const at::Tensor& z, double temperature) {
  // A representation that underflowed to zero has a gradient of up to 1 / epsilon, which FP16 must
  // hold.
  const at::Tensor unit = z / z.norm(2, 1, true).clamp_min(kSmallestNorm);
  const at::Tensor all = at::mm(unit, unit.t()).div(temperature);
  // Not FirstViews and SecondViews: the gradients of slices are filled up with zeros and added.
  const std::vector<at::Tensor> views = unit.view({2, unit.size(0) / 2, unit.size(1)}).unbind(0);
  return {all, (views[0] * views[1]).sum(1).div(temperature)};
}

}  // namespace flowtrain
