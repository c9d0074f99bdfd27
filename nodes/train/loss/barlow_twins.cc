#include "nodes/train/loss/barlow_twins.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "nodes/device/autocast.h"
#include "nodes/train/loss/loss_input.h"

namespace flowtrain {
namespace {

constexpr double kEpsilon = 1e-5;

at::Tensor Standardise(const at::Tensor& z) {
  return (z - z.mean(0)) / (z.var(0, /*unbiased=*/false) + kEpsilon).sqrt();
}

}  // namespace

at::Tensor BarlowTwins(const at::Tensor& representations, double lambda) {
  const NoAutocast fp32(representations.device().type());
  const at::Tensor z = LossInput(representations, "Barlow Twins");
  const at::Tensor first = Standardise(FirstViews(z)), second = Standardise(SecondViews(z));
  const at::Tensor correlation = at::mm(first.t(), second).div(first.size(0));
  const at::Tensor invariance = (correlation.diagonal() - 1).square().sum();
  return invariance + lambda * OffDiagonalSquares(correlation);
}

}  // namespace flowtrain
