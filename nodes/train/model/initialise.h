// Initial weights that are the same on every machine for the same seed.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>

namespace flowtrain {

// Fills the parameters of `module` from (seed, position of the parameter in the module) as
// torchvision does: convolutions from He's normal distribution in mode fan-out (He et al. 2015),
// linear layers uniform in +-1/sqrt(fan-in), batch-norm scales 1 and shifts 0. The module must be
// on the CPU. Draws come from Philox, not from libtorch's generator, so they depend neither on
// libtorch's version nor on the device.
void Initialise(torch::nn::Module& module, uint64_t seed);

}  // namespace flowtrain
