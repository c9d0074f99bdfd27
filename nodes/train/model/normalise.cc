#include "nodes/train/model/normalise.h"

#include <ATen/Functions.h>

namespace flowtrain {
namespace {

constexpr double kMean[] = {0.485, 0.456, 0.406};
constexpr double kDeviation[] = {0.229, 0.224, 0.225};

// Filled on the device: a copy from the host would wait for all work queued there.
at::Tensor Channels(const double (&values)[3], double factor, const at::Tensor& like) {
  at::Tensor channels = at::empty({1, 3, 1, 1}, like.options());
  for (int64_t c = 0; c < 3; ++c) channels.select(1, c).fill_(values[c] * factor);
  return channels;
}

}  // namespace

at::Tensor Normalise(const at::Tensor& images) {
  at::Tensor x = images.permute({0, 3, 1, 2}).to(at::kFloat);
  return x.sub_(Channels(kMean, 255, x)).div_(Channels(kDeviation, 255, x));
}

}  // namespace flowtrain
