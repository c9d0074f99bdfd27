#include "nodes/train/projection_head.h"

#include <ATen/Functions.h>

namespace flowtrain {

using torch::nn::BatchNorm1d;
using torch::nn::Linear;
using torch::nn::LinearOptions;

ProjectionHead::ProjectionHead(int64_t in, int64_t hidden, int64_t out)
    : linear1_(register_module("linear1", Linear(LinearOptions(in, hidden).bias(false)))),
      bn1_(register_module("bn1", BatchNorm1d(hidden))),
      linear2_(register_module("linear2", Linear(LinearOptions(hidden, out).bias(true)))) {}

torch::Tensor ProjectionHead::forward(const torch::Tensor& features, const LayerObserver& observe) {
  torch::Tensor hidden = Seen(observe, "linear1", linear1_(features));
  hidden = Seen(observe, "bn1", bn1_(hidden));
  return Seen(observe, "linear2", linear2_(at::relu_(hidden)));
}

}  // namespace flowtrain
