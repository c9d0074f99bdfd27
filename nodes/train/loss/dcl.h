// DCL, the decoupled contrastive loss.
#pragma once

#include <ATen/core/Tensor.h>

namespace flowtrain {

// NT-Xent without the positive in the denominator (Yeh et al., "Decoupled Contrastive Learning",
// ECCV 2022, equation 6), as the mean over the 2B anchors of `representations` [2B, D], rows 0 to
// B-1 the first views and B to 2B-1 the second views of the same images. B must be at least 2: an
// image alone has no negatives. Computed in fp32 (fp64 for fp64 input) whatever the input's type
// and autocast. Returns a scalar, which may be negative.
at::Tensor Dcl(const at::Tensor& representations, double temperature);

}  // namespace flowtrain
