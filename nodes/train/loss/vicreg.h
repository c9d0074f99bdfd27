// The loss of VICReg: variance, invariance, covariance.
#pragma once

#include <ATen/core/Tensor.h>

namespace flowtrain {

template <typename S>
class OptionsOf;

// The weights of its terms. Defaults are the paper's (section 4.2).
struct VicregWeights {
  double invariance = 25, variance = 25, covariance = 1;

  static void Declare(OptionsOf<VicregWeights>& options);
};

// VICReg (Bardes, Ponce, LeCun: "VICReg: Variance-Invariance-Covariance Regularization for
// Self-Supervised Learning", ICLR 2022) of `representations` [2B, D], rows 0 to B-1 the first views
// and B to 2B-1 the second views of the same images, B at least 2:
//   invariance   mean over B and D of the squared difference of the views
//   variance     mean over D of max(0, 1 - sqrt(var + 1e-4)), mean of the two views
//   covariance   squares of the covariances of different dimensions over D, sum of the two views
// with variances and covariances over B - 1. Terms are scaled as in the authors' code, for which
// the weights were chosen; the paper's equations leave out 1 / D in the first and the mean of the
// views in the second. Computed in fp32 (fp64 for fp64 input) whatever the input's type and
// autocast. Returns a scalar.
at::Tensor Vicreg(const at::Tensor& representations, const VicregWeights& weights);

}  // namespace flowtrain
