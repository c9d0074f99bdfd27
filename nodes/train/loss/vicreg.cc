#include "nodes/train/loss/vicreg.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "nodes/device/autocast.h"
#include "nodes/train/loss/loss_input.h"
#include "pipeline/node/options.h"

namespace flowtrain {
namespace {

constexpr double kVarianceFloor = 1e-4;

// How far the deviations of the dimensions are below 1.
at::Tensor Variance(const at::Tensor& z) {
  return (1 - (z.var(0) + kVarianceFloor).sqrt()).relu().mean();
}

at::Tensor Covariance(const at::Tensor& z) {
  const at::Tensor centred = z - z.mean(0);
  const at::Tensor covariance = at::mm(centred.t(), centred).div(z.size(0) - 1);
  return OffDiagonalSquares(covariance).div(z.size(1));
}

}  // namespace

void VicregWeights::Declare(OptionsOf<VicregWeights>& options) {
  using Self = VicregWeights;
  options
      .Option(&Self::invariance, "vicreg_invariance", "Weight of vicreg's invariance term.",
              AtLeast{0})
      .Option(&Self::variance, "vicreg_variance", "Weight of vicreg's variance term.", AtLeast{0})
      .Option(&Self::covariance, "vicreg_covariance", "Weight of vicreg's covariance term.",
              AtLeast{0});
}

at::Tensor Vicreg(const at::Tensor& representations, const VicregWeights& weights) {
  const NoAutocast fp32(representations.device().type());
  const at::Tensor z = LossInput(representations, "VICReg");
  const at::Tensor first = FirstViews(z), second = SecondViews(z);
  return weights.invariance * (first - second).square().mean() +
         weights.variance * 0.5 * (Variance(first) + Variance(second)) +
         weights.covariance * (Covariance(first) + Covariance(second));
}

}  // namespace flowtrain
