// The loss of Barlow Twins: redundancy reduction.
#pragma once

#include <ATen/core/Tensor.h>

namespace flowtrain {

// Pulls the cross-correlation matrix C [D, D] of the two views towards the identity (Zbontar et
// al., "Barlow Twins: Self-Supervised Learning via Redundancy Reduction", ICML 2021, equation 1):
// sum_i (1 - C_ii)^2 + lambda sum_i sum_j!=i C_ij^2. The views are standardised over the batch as
// in the paper's code, which uses a batch-norm without parameters (biased variance plus 1e-5).
// `representations` [2B, D]: rows 0 to B-1 the first views and B to 2B-1 the second views of the
// same images, B at least 2. Computed in fp32 (fp64 for fp64 input) whatever the input's type and
// autocast. Returns a scalar.
at::Tensor BarlowTwins(const at::Tensor& representations, double lambda);

}  // namespace flowtrain
