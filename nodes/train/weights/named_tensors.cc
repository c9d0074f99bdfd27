#include "nodes/train/weights/named_tensors.h"

namespace flowtrain {

NamedTensors ParametersAndBuffers(const torch::nn::Module& module) {
  NamedTensors tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace_back(item.key(), item.value());
  for (const auto& item : module.named_buffers()) tensors.emplace_back(item.key(), item.value());
  return tensors;
}

}  // namespace flowtrain
