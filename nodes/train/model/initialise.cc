#include "nodes/train/model/initialise.h"

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

#include "pipeline/base/philox.h"

namespace flowtrain {
namespace {

template <typename Draw>
void Fill(torch::Tensor& parameter, uint64_t seed, uint64_t index, Draw&& draw) {
  Rng rng({.seed = seed, .id = index, .purpose = kModelInit});
  float* values = parameter.data_ptr<float>();
  for (int64_t i = 0; i < parameter.numel(); ++i) values[i] = draw(rng);
}

void FillNormal(torch::Tensor& parameter, uint64_t seed, uint64_t index, double deviation) {
  Fill(parameter, seed, index,
       [deviation](Rng& rng) { return static_cast<float>(deviation) * rng.Normal(); });
}

void FillUniform(torch::Tensor& parameter, uint64_t seed, uint64_t index, double bound) {
  const auto limit = static_cast<float>(bound);
  Fill(parameter, seed, index, [limit](Rng& rng) { return rng.Uniform(-limit, limit); });
}

}  // namespace

void Initialise(torch::nn::Module& module, uint64_t seed) {
  const torch::NoGradGuard no_grad;
  uint64_t index = 0;
  // Batch-norms already have scale 1 and shift 0.
  for (const auto& item : module.named_modules()) {
    if (auto* conv = item.value()->as<torch::nn::Conv2d>()) {
      torch::Tensor& weight = conv->weight;
      const double fan_out = static_cast<double>(weight.size(0) * weight.size(2) * weight.size(3));
      FillNormal(weight, seed, index++, std::sqrt(2.0 / fan_out));
    } else if (auto* linear = item.value()->as<torch::nn::Linear>()) {
      const double bound = 1.0 / std::sqrt(static_cast<double>(linear->weight.size(1)));
      FillUniform(linear->weight, seed, index++, bound);
      if (linear->bias.defined()) FillUniform(linear->bias, seed, index++, bound);
    }
  }
}

}  // namespace flowtrain
