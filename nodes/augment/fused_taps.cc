#include "nodes/augment/fused_taps.h"

#include <algorithm>
#include <cmath>

#include "nodes/image/filter.h"

namespace flowtrain {

void FusedTaps::Reserve(int length, int outputs, Interpolation interpolation) {
  const double widening = std::max(1.0, static_cast<double>(length) / outputs);
  const auto taps = static_cast<size_t>(std::ceil(2 * FilterSupport(interpolation) * widening));
  begin_.reserve(static_cast<size_t>(outputs));
  weights_.reserve(static_cast<size_t>(outputs) * taps);
  filter_.reserve(taps);
}

void FusedTaps::Plan(const AxisBox& box, int outputs, Interpolation interpolation, bool mirrored) {
  if (interpolation == Interpolation::kBilinear && box.length <= outputs) {
    return PlanLinear(box, outputs, mirrored);
  }
  const double scale = box.length / outputs;
  const double widening = std::max(1.0, scale);
  const double half_width = FilterSupport(interpolation) * widening;
  const double narrowing = 1 / widening;
  taps_ = std::min(box.high - box.low, static_cast<int>(std::ceil(2 * half_width)));
  is_signed_ = interpolation == Interpolation::kBicubic;
  begin_.resize(static_cast<size_t>(outputs));
  weights_.resize(static_cast<size_t>(outputs) * static_cast<size_t>(taps_));
  filter_.resize(static_cast<size_t>(taps_));

  for (int i = 0; i < outputs; ++i) {
    const double centre = box.first + (i + 0.5) * scale;
    // Dropping the fraction rounds down, except below 0, which the clamp takes care of.
    const int begin =
        std::clamp(static_cast<int>(centre - half_width + 0.5), box.low, box.high - taps_);
    double sum = 0;
    double distance = (begin + 0.5 - centre) * narrowing;
    for (double& weight : filter_) {
      weight = is_signed_ ? CubicFilter(distance) : LinearFilter(distance);
      sum += weight;
      distance += narrowing;
    }
    const auto output = static_cast<size_t>(mirrored ? outputs - 1 - i : i);
    begin_[output] = begin - box.low;
    const int largest = std::clamp(static_cast<int>(centre) - begin, 0, taps_ - 1);
    Quantise(sum, static_cast<size_t>(largest), output);
  }
}

// What most views of small images need: two neighbours, and no branches.
void FusedTaps::PlanLinear(const AxisBox& box, int outputs, bool mirrored) {
  const double scale = box.length / outputs;
  is_signed_ = false;
  taps_ = std::min(box.high - box.low, 2);
  begin_.resize(static_cast<size_t>(outputs));
  weights_.resize(static_cast<size_t>(outputs) * static_cast<size_t>(taps_));
  if (taps_ == 1) {
    std::fill(begin_.begin(), begin_.end(), 0);
    std::fill(weights_.begin(), weights_.end(), uint16_t{0xFFFF});
    return;
  }
  const double last = box.high - box.low - 1;
  const double step = mirrored ? -scale : scale;
  const double first = box.first - box.low + (mirrored ? outputs - 0.5 : 0.5) * scale - 0.5;
  for (int i = 0; i < outputs; ++i) {
    // Beyond the outermost centres there is only one pixel to take.
    const double position = std::clamp(first + i * step, 0.0, last);
    const int begin = std::min(static_cast<int>(position), static_cast<int>(last) - 1);
    const int second = static_cast<int>((position - begin) * 65536 + 0.5);
    begin_[static_cast<size_t>(i)] = begin;
    weights_[2 * static_cast<size_t>(i)] = static_cast<uint16_t>(std::min(65536 - second, 0xFFFF));
    weights_[2 * static_cast<size_t>(i) + 1] = static_cast<uint16_t>(std::min(second, 0xFFFF));
  }
}

// The rounding error goes to the largest weight, so that a flat image stays as it is.
void FusedTaps::Quantise(double sum, size_t largest, size_t output) {
  const int one = is_signed_ ? 1 << 14 : 1 << 16;
  const int most = is_signed_ ? 0x7FFF : 0xFFFF;
  const double factor = one / sum;
  uint16_t* weights = weights_.data() + output * static_cast<size_t>(taps_);
  int left = one;
  for (size_t k = 0; k < filter_.size(); ++k) {
    // Rounded without a call of std::floor; no weight is below -1.
    const int weight = static_cast<int>(filter_[k] * factor + (one + 0.5)) - one;
    left -= weight;
    weights[k] = static_cast<uint16_t>(std::min(weight, most));
  }
  const int signed_weight = is_signed_ ? static_cast<int16_t>(weights[largest]) : weights[largest];
  weights[largest] = static_cast<uint16_t>(std::min(signed_weight + left, most));
}

simd::RowTaps FusedTaps::rows() const {
  return {static_cast<int>(begin_.size()), taps_, begin_.data(), weights_.data(), is_signed_};
}

}  // namespace flowtrain
