// From bytes to a network's input.
#pragma once

#include <ATen/core/Tensor.h>

namespace flowtrain {

// uint8 [N, H, W, 3] to float [N, 3, H, W] in channels_last (the bytes' own order, so nothing is
// transposed), scaled to [0, 1] and normalised by ImageNet's mean and deviation, which
// torchvision's and lightly's recipes use. It keeps its constants on the device of the images it
// has seen last, so that it takes two kernels from the second call on.
class Normaliser {
 public:
  at::Tensor operator()(const at::Tensor& images);

 private:
  at::Tensor mean_, deviation_;  // [1, 3, 1, 1], of bytes
};

// The same for images that are the only ones.
inline at::Tensor Normalise(const at::Tensor& images) { return Normaliser()(images); }

}  // namespace flowtrain
