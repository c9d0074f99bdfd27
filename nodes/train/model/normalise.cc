#include "nodes/train/model/normalise.h"

#include <ATen/Functions.h>

namespace flowtrain {
namespace {

constexpr double kMean[] = {0.485, 0.456, 0.406};
constexpr double kDeviation[] = {0.229, 0.224, 0.225};

// Filled on the device: a copy from the host would wait for all work queued there.
at::Tensor Channels(const double (&values)[3], double factor, const at::Tensor& like) {
  at::Tensor channels = at::empty({1, 3, 1, 1}, like.options().dtype(at::kFloat));
  for (int64_t c = 0; c < 3; ++c) channels.select(1, c).fill_(values[c] * factor);
  return channels;
}

}  // namespace

at::Tensor Normaliser::operator()(const at::Tensor& images) {
  if (!mean_.defined() || mean_.device() != images.device()) {
    // Both or none: there may be no memory for one of them.
    const at::Tensor mean = Channels(kMean, 255, images);
    deviation_ = Channels(kDeviation, 255, images);
    mean_ = mean;
  }
  return at::sub(images.permute({0, 3, 1, 2}), mean_).div_(deviation_);
}

}  // namespace flowtrain
