#include "nodes/train/normalise.h"

#include <ATen/Functions.h>

namespace flowtrain {
namespace {

constexpr double kMean[] = {0.485, 0.456, 0.406};
constexpr double kDeviation[] = {0.229, 0.224, 0.225};

at::Tensor Channels(const double (&values)[3], double factor, const at::Tensor& like) {
  return at::tensor({values[0] * factor, values[1] * factor, values[2] * factor}, like.options())
      .view({1, 3, 1, 1});
}

}  // namespace

at::Tensor Normalise(const at::Tensor& images) {
  at::Tensor x = images.permute({0, 3, 1, 2}).to(at::kFloat);
  return x.sub_(Channels(kMean, 255, x)).div_(Channels(kDeviation, 255, x));
}

}  // namespace flowtrain
