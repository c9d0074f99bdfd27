#include "nodes/train/representations.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "nodes/device/out_of_memory.h"

namespace flowtrain {
namespace {

constexpr int64_t kMostImages = 512;  // bounds the cost, which is cubic

at::Tensor OnHost(const at::Tensor& values) { return values.to(at::kCPU, at::kDouble); }

at::Tensor Unit(const at::Tensor& rows) {
  return rows / rows.norm(2, {-1}, /*keepdim=*/true).clamp_min(1e-12);
}

// The squares of the singular values are the eigenvalues of the smaller product of the matrix with
// itself, which cost a fraction. What is lost in fp64 is far below the 1e-7.
double RankMe(const at::Tensor& features) {
  const at::Tensor wide = features.size(0) <= features.size(1) ? features : features.t();
  const at::Tensor values = at::linalg_eigvalsh(at::mm(wide, wide.t())).clamp_min(0).sqrt();
  const at::Tensor share = values / values.sum().clamp_min(1e-300) + 1e-7;
  return std::exp(-(share * share.log()).sum().item<double>());
}

double SpreadOf(const at::Tensor& rows) {
  const at::Tensor deviation = Unit(rows).std(0, /*unbiased=*/true);
  return deviation.mean().item<double>() * std::sqrt(static_cast<double>(rows.size(1)));
}

double Uniformity(const at::Tensor& unit_rows) {
  return at::pdist(unit_rows).square().mul(-2).exp().mean().log().item<double>();
}

}  // namespace

std::optional<RepresentationFigures> MeasureRepresentations(const at::Tensor& features,
                                                            const at::Tensor& projections) {
  const c10::NoGradGuard no_grad;
  const at::Tensor h = OnHost(features), z = OnHost(projections);
  if (!at::isfinite(h).all().item<bool>() || !at::isfinite(z).all().item<bool>()) return {};
  const at::Tensor unit = Unit(z);
  return RepresentationFigures{
      .rankme = RankMe(h),
      .feature_std = SpreadOf(h),
      .projection_std = SpreadOf(z[0]),
      .alignment = (unit[0] - unit[1]).square().sum(1).mean().item<double>(),
      .uniformity = (Uniformity(unit[0]) + Uniformity(unit[1])) / 2};
}

void RepresentationSample::Begin(const Window& window) {
  Restart();
  wanted_ = 0;
  if (every_ == 0) return;
  due_ = due_ || window.step == 0 || (window.step + 1) % static_cast<uint64_t>(every_) == 0;
  if (!due_ || !window.whole) return;
  due_ = false;
  wanted_ = std::min(window.images, kMostImages);
}

void RepresentationSample::Restart() {
  added_ = 0;
  features_.clear();
  projections_.clear();
}

void RepresentationSample::Add(const at::Tensor& features, const at::Tensor& projections) {
  const int64_t images = features.size(0) / 2, count = std::min(images, wanted_ - added_);
  if (count == 0) return;
  features_.push_back(features.detach().narrow(0, 0, count));
  projections_.push_back(
      projections.detach().view({2, images, projections.size(1)}).narrow(1, 0, count));
  added_ += count;
}

std::optional<RepresentationFigures> RepresentationSample::Finish() {
  const bool complete = added_ == wanted_ && wanted_ >= 2;
  wanted_ = 0;
  std::optional<RepresentationFigures> figures;
  try {
    if (complete) figures = MeasureRepresentations(at::cat(features_), at::cat(projections_, 1));
  } catch (const std::exception& error) {
    if (!IsOutOfMemory(error)) throw;
  }
  Restart();
  return figures;
}

}  // namespace flowtrain
