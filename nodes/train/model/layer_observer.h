// A look at the output of each layer of a network.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

namespace flowtrain {

// Called in the order of the forward pass with a layer's name, as in the names of its parameters
// ("layer3.0.conv2"), and its output, which later layers may overwrite. Empty: nobody looks.
using LayerObserver = std::function<void(const std::string& layer, const at::Tensor& output)>;

// Returns `output` after the observer has seen it.
inline at::Tensor Seen(const LayerObserver& observe, const char* layer, at::Tensor output) {
  if (observe) observe(layer, output);
  return output;
}

// The same observer for the layers of a part of the network; their names follow the part's name.
inline LayerObserver Within(const LayerObserver& observe, const std::string& part) {
  if (!observe) return nullptr;
  return [&observe, part](const std::string& layer, const at::Tensor& output) {
    observe(part + '.' + layer, output);
  };
}

}  // namespace flowtrain
