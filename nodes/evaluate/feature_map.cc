#include "nodes/evaluate/feature_map.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>

namespace flowtrain {
namespace {

constexpr double kStartDeviation = 1e-4;  // of the first coordinate

// The `nth` largest component's coordinates. Its sign is arbitrary: the largest one is positive.
at::Tensor PrincipalComponent(const at::Tensor& values, const at::Tensor& vectors, int64_t nth) {
  const int64_t column = vectors.size(1) - nth;
  const at::Tensor vector = vectors.select(1, column);
  const at::Tensor largest = vector.index_select(0, vector.abs().argmax().view({1}));
  return vector * largest.sign() * values[column].clamp_min(0).sqrt();
}

std::vector<MapPoint> PrincipalStart(const at::Tensor& rows) {
  std::vector<MapPoint> start(static_cast<size_t>(rows.size(0)));
  if (start.size() < 2) return start;
  const at::Tensor centred = rows - rows.mean({0}, /*keepdim=*/true);
  const auto [values, vectors] = at::linalg_eigh(at::mm(centred, centred.t()));
  const at::Tensor x = PrincipalComponent(values, vectors, 1),
                   y = PrincipalComponent(values, vectors, 2);
  const double deviation = x.square().mean().sqrt().item<double>();
  if (deviation < 1e-9) return start;  // a network that gives the same for every image
  for (size_t i = 0; i < start.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    start[i] = {x[row].item<double>() / deviation * kStartDeviation,
                y[row].item<double>() / deviation * kStartDeviation};
  }
  return start;
}

}  // namespace

std::vector<MapPoint> FeatureMap(const at::Tensor& unit_rows) {
  const at::Tensor rows = unit_rows.to(at::kCPU, at::kDouble);
  const at::Tensor squared = (2 - 2 * at::mm(rows, rows.t())).clamp_min(0).contiguous();
  return Tsne({squared.const_data_ptr<double>(), static_cast<size_t>(squared.numel())},
              PrincipalStart(rows));
}

}  // namespace flowtrain
