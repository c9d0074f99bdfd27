#include "nodes/train/optimizer/loss_scaler.h"

#include <ATen/Functions.h>

namespace flowtrain {
namespace {

constexpr double kInitialScale = 65536, kGrowth = 2, kBackoff = 0.5;
constexpr int64_t kGrowthInterval = 2000;  // good steps in a row

}  // namespace

LossScaler::LossScaler(bool enabled, const at::TensorOptions& options)
    : enabled_(enabled),
      scale_(at::full({1}, enabled ? kInitialScale : 1.0, options.dtype(at::kFloat))),
      growth_tracker_(at::zeros({1}, options.dtype(at::kInt))),
      found_inf_(at::zeros({1}, options.dtype(at::kFloat))) {}

at::Tensor LossScaler::Scale(const at::Tensor& loss) const {
  return enabled_ ? loss * scale_.squeeze() : loss;
}

void LossScaler::Unscale(std::vector<at::Tensor> gradients, const at::Tensor& loss) {
  if (loss.defined()) gradients.push_back(loss.detach().clone());  // checked; quotient is not used
  found_inf_ = at::zeros_like(found_inf_);
  at::_amp_foreach_non_finite_check_and_unscale_(gradients, found_inf_, scale_.reciprocal());
}

void LossScaler::Update() {
  if (!enabled_) return;
  at::_amp_update_scale_(scale_, growth_tracker_, found_inf_, kGrowth, kBackoff, kGrowthInterval);
}

NamedTensors LossScaler::State() const {
  if (!enabled_) return {};
  return {{"scale", scale_}, {"growth_tracker", growth_tracker_}};
}

}  // namespace flowtrain
