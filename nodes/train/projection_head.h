// The projection head between the backbone and the loss.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>

#include "nodes/train/layer_observer.h"

namespace flowtrain {

// Linear, batch-norm, ReLU, linear: SimCLR's two-layer head with batch-norm on its hidden layer
// (Chen et al. 2020, section 4.2 and the authors' code). Linear layers before a batch-norm have no
// bias.
class ProjectionHead : public torch::nn::Module {
 public:
  ProjectionHead(int64_t in, int64_t hidden, int64_t out);

  // [N, in] to [N, out].
  torch::Tensor forward(const torch::Tensor& features, const LayerObserver& observe = nullptr);

 private:
  torch::nn::Linear linear1_;
  torch::nn::BatchNorm1d bn1_;
  torch::nn::Linear linear2_;
};

}  // namespace flowtrain
