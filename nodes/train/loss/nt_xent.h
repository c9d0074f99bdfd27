// NT-Xent, the normalised temperature-scaled cross entropy of SimCLR.
#pragma once

#include <ATen/core/Tensor.h>

namespace flowtrain {

// Mean NT-Xent over the 2B anchors of `representations` [2B, D], rows 0 to B-1 the first views and
// B to 2B-1 the second views of the same images (Chen et al., "A Simple Framework for Contrastive
// Learning of Visual Representations", ICML 2020, equation 1). The positive of an anchor is its
// image's other view, its negatives the other 2B-2 rows. Computed in fp32 (fp64 for fp64 input)
// whatever the input's type and autocast. Returns a scalar.
at::Tensor NtXent(const at::Tensor& representations, double temperature);

}  // namespace flowtrain
