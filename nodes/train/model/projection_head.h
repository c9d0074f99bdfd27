// The projection head between the backbone and the loss.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <vector>

#include "nodes/train/model/batch_norm.h"
#include "nodes/train/model/layer_observer.h"

namespace flowtrain {

template <typename S>
class OptionsOf;

struct ProjectionOptions {
  int64_t in = 0, hidden = 0, out = 128;  // widths; hidden 0: as `in`
  int layers = 2;                         // linear layers, at least 1
  bool output_norm = false;               // a batch-norm after the last one too

  static void Declare(OptionsOf<ProjectionOptions>& options);
};

// Linear layers with batch-norm and ReLU between them. Two layers make the head of SimCLR (Chen et
// al. 2020, section 4.2; the authors' code has the output norm), three the projector of Barlow
// Twins and the expander of VICReg. A linear layer before a batch-norm has no bias.
class ProjectionHead : public torch::nn::Module {
 public:
  explicit ProjectionHead(const ProjectionOptions& options);

  // [N, in] to [N, out].
  torch::Tensor forward(const torch::Tensor& features, const LayerObserver& observe = nullptr);

 private:
  std::vector<torch::nn::Linear> linear_;  // "linear1", "linear2", …
  std::vector<BatchNorm1d> bn_;            // "bn1", … of the same layers; may be one fewer
};

}  // namespace flowtrain
