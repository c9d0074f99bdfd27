#include "nodes/train/nt_xent.h"

#include <ATen/Functions.h>
#include <ATen/autocast_mode.h>

#include "nodes/train/autocast.h"

namespace flowtrain {
namespace {

constexpr double kSmallestNorm = 1e-3;

}  // namespace

at::Tensor NtXent(const at::Tensor& representations, double temperature) {
  TORCH_CHECK(representations.dim() == 2 && representations.size(0) % 2 == 0,
              "NT-Xent takes [2B, D] representations, got ", representations.sizes());
  const NoAutocast fp32(representations.device().type());
  const at::Tensor z = representations.scalar_type() == at::kDouble
                           ? representations
                           : representations.to(at::kFloat);
  // A representation that underflowed to zero has a gradient of up to 1 / epsilon, which FP16 must
  // hold.
  const at::Tensor unit = z / z.norm(2, 1, true).clamp_min(kSmallestNorm);
  const int64_t n = z.size(0), half = n / 2;
  const at::Tensor logits = at::mm(unit, unit.t()).div(temperature);
  const at::Tensor diagonal = at::eye(n, logits.options().dtype(at::kBool));
  const at::Tensor others = logits.masked_fill(diagonal, -std::numeric_limits<double>::infinity());
  const at::Tensor positives =
      (unit.narrow(0, 0, half) * unit.narrow(0, half, half)).sum(1).div(temperature);
  return at::logsumexp(others, 1).mean() - positives.mean();
}

}  // namespace flowtrain
