#include "nodes/image/resample.h"

#include <algorithm>
#include <cmath>

#include "nodes/image/filter.h"
#include "nodes/image/rgb_image.h"

namespace flowtrain {
namespace {

constexpr int32_t kHalf = int32_t{1} << (AxisTaps::kWeightBits - 1);

// 255 x the sum of the weights' magnitudes stays below 2^31: it is 1, or at most 1.3 with negative
// ones.
uint8_t ToByte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> AxisTaps::kWeightBits, 0, 255));
}

}  // namespace

void AxisTaps::Plan(int in, const OutputRange& out, Interpolation interpolation) {
  const double scale = static_cast<double>(in) / static_cast<double>(out.full);
  const double widening = std::max(1.0, scale);
  const double half_width = FilterSupport(interpolation) * widening;
  const auto outputs = static_cast<size_t>(out.count);
  stride_ = 2 * static_cast<size_t>(std::ceil(half_width)) + 1;
  begin_.resize(outputs);
  count_.resize(outputs);
  weights_.resize(outputs * stride_);
  filter_.resize(stride_);

  for (size_t i = 0; i < outputs; ++i) {
    const double centre = (static_cast<double>(out.first) + static_cast<double>(i) + 0.5) * scale;
    const int begin = std::max(0, static_cast<int>(centre - half_width + 0.5));
    const int end = std::min(in, static_cast<int>(centre + half_width + 0.5));
    double sum = 0;
    for (int k = begin; k < end; ++k) {
      const double weight = Filter(interpolation, (k + 0.5 - centre) / widening);
      filter_[static_cast<size_t>(k - begin)] = weight;
      sum += weight;
    }
    begin_[i] = begin;
    count_[i] = end - begin;
    for (size_t k = 0; k < static_cast<size_t>(end - begin); ++k) {
      const double weight = filter_[k] / sum * (1 << kWeightBits);
      weights_[i * stride_ + k] = static_cast<int32_t>(std::lround(weight));
    }
  }
}

void Resampler::Resize(const RgbRegion& in, const OutputRange& rows, const OutputRange& columns,
                       uint8_t* out, Interpolation interpolation) {
  column_taps_.Plan(in.width, columns, interpolation);
  row_taps_.Plan(in.height, rows, interpolation);
  ResizeColumns(in, columns.count);
  ResizeRows(rows.count, static_cast<size_t>(columns.count) * kChannels, out);
}

void Resampler::ResizeColumns(const RgbRegion& in, int columns) {
  const int begin = row_taps_.begin(), end = row_taps_.end();
  middle_.resize(static_cast<size_t>(end - begin) * static_cast<size_t>(columns) * kChannels);
  uint8_t* out = middle_.data();
  for (int y = begin; y < end; ++y) {
    const uint8_t* row = in.first + static_cast<size_t>(y) * in.row_bytes;
    for (int x = 0; x < columns; ++x) {
      const AxisTaps::Taps taps = column_taps_[x];
      const uint8_t* pixel = row + static_cast<size_t>(taps.begin) * kChannels;
      int32_t red = kHalf, green = kHalf, blue = kHalf;
      for (int k = 0; k < taps.count; ++k, pixel += kChannels) {
        red += taps.weights[k] * pixel[0];
        green += taps.weights[k] * pixel[1];
        blue += taps.weights[k] * pixel[2];
      }
      *out++ = ToByte(red);
      *out++ = ToByte(green);
      *out++ = ToByte(blue);
    }
  }
}

void Resampler::ResizeRows(int rows, size_t row_bytes, uint8_t* out) {
  sums_.resize(row_bytes);
  for (int y = 0; y < rows; ++y, out += row_bytes) {
    const AxisTaps::Taps taps = row_taps_[y];
    const uint8_t* row =
        middle_.data() + static_cast<size_t>(taps.begin - row_taps_.begin()) * row_bytes;
    std::fill(sums_.begin(), sums_.end(), kHalf);
    for (int k = 0; k < taps.count; ++k, row += row_bytes) {
      const int32_t weight = taps.weights[k];
      for (size_t i = 0; i < row_bytes; ++i) sums_[i] += weight * row[i];
    }
    for (size_t i = 0; i < row_bytes; ++i) out[i] = ToByte(sums_[i]);
  }
}

}  // namespace flowtrain
