// From bytes to a network's input.
#pragma once

#include <ATen/core/Tensor.h>

namespace flowtrain {

// uint8 [N, H, W, 3] to float [N, 3, H, W] in channels_last (the bytes' own order, so nothing is
// transposed), scaled to [0, 1] and normalised by ImageNet's mean and deviation, which
// torchvision's and lightly's recipes use.
at::Tensor Normalise(const at::Tensor& images);

}  // namespace flowtrain
