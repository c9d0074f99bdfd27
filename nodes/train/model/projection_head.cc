#include "nodes/train/model/projection_head.h"

#include <ATen/Functions.h>

#include <string>

#include "pipeline/node/options.h"

namespace flowtrain {

using torch::nn::Linear;
using torch::nn::LinearOptions;

void ProjectionOptions::Declare(OptionsOf<ProjectionOptions>& options) {
  using Self = ProjectionOptions;
  options
      .Option(&Self::hidden, "projection_hidden",
              "Width of the head's hidden layers; 0: the backbone's.", Between{0, 65536})
      .Option(&Self::out, "projection_dim", "Width of the representations the loss sees.",
              Between{1, 65536})
      .Option(&Self::layers, "projection_layers", "Linear layers of the head.", Between{2, 3})
      .Option(&Self::output_norm, "projection_output_norm",
              "A batch-norm on the head's last layer too.");
}

ProjectionHead::ProjectionHead(const ProjectionOptions& options) {
  int64_t in = options.in;
  for (int layer = 1; layer <= options.layers; ++layer) {
    const bool last = layer == options.layers, normed = !last || options.output_norm;
    const int64_t hidden = options.hidden > 0 ? options.hidden : options.in;
    const int64_t out = last ? options.out : hidden;
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
