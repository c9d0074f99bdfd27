// Tensors with their names: what is saved of a network.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <string>
#include <utility>
#include <vector>

namespace flowtrain {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// Every parameter and buffer of a network, parameters first: the tensors themselves, not copies.
NamedTensors ParametersAndBuffers(const torch::nn::Module& module);

}  // namespace flowtrain
