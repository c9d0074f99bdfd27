#include "nodes/train/model/projection_head.h"

#include <ATen/Functions.h>

#include <string>

namespace flowtrain {

using torch::nn::BatchNorm1d;
using torch::nn::Linear;
using torch::nn::LinearOptions;

ProjectionHead::ProjectionHead(const ProjectionOptions& options) {
  int64_t in = options.in;
  for (int layer = 1; layer <= options.layers; ++layer) {
    const bool last = layer == options.layers, normed = !last || options.output_norm;
    const int64_t out = last ? options.out : options.hidden;
    const std::string number = std::to_string(layer);
    linear_.push_back(
        register_module("linear" + number, Linear(LinearOptions(in, out).bias(!normed))));
    if (normed) bn_.push_back(register_module("bn" + number, BatchNorm1d(out)));
    in = out;
  }
}

torch::Tensor ProjectionHead::forward(const torch::Tensor& features, const LayerObserver& observe) {
  torch::Tensor x = features;
  for (size_t layer = 0; layer < linear_.size(); ++layer) {
    const std::string number = std::to_string(layer + 1);
    x = Seen(observe, ("linear" + number).c_str(), linear_[layer](x));
    if (layer < bn_.size()) x = Seen(observe, ("bn" + number).c_str(), bn_[layer](x));
    if (layer + 1 < linear_.size()) x = at::relu_(x);
  }
  return x;
}

}  // namespace flowtrain
