// The losses of the methods that share the two-view pipeline.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "nodes/train/loss/vicreg.h"
#include "pipeline/node/options.h"

namespace flowtrain {

enum class LossName : uint8_t { kNtXent, kDcl, kBarlowTwins, kVicreg };
Choices<LossName> LossNames();  // "nt_xent", …

struct LossOptions {
  LossName name = LossName::kNtXent;
  double temperature = 0.5;            // nt_xent, dcl
  double barlow_twins_lambda = 0.005;  // weight of the redundancy term
  VicregWeights vicreg = {};

  static void Declare(OptionsOf<LossOptions>& options);
};

// The loss of representations [2B, D], rows 0 to B-1 the first views and B to 2B-1 the second views
// of the same images. Computed in fp32 (fp64 for fp64 input) whatever autocast says; a scalar.
using Loss = std::function<at::Tensor(const at::Tensor& representations)>;

Loss MakeLoss(const LossOptions& options);

}  // namespace flowtrain
