#include "nodes/train/model/weights_digest.h"

#include <torch/nn/module.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "nodes/run/crc32c.h"

namespace flowtrain {

std::string WeightsDigest(const torch::nn::Module& network) {
  uint32_t sum = 0;
  const auto add = [&sum](const at::Tensor& tensor) {
    const at::Tensor values = tensor.detach().cpu().contiguous();
    const std::string_view bytes(static_cast<const char*>(values.data_ptr()), values.nbytes());
    sum = sum * 31 + Crc32c(bytes);
  };
  for (const at::Tensor& parameter : network.parameters()) add(parameter);
  for (const at::Tensor& buffer : network.buffers()) add(buffer);
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%08x", sum);
  return text.data();
}

}  // namespace flowtrain
