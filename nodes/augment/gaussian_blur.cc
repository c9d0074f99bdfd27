#include "nodes/augment/gaussian_blur.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "nodes/image/mirrored.h"
#include "nodes/image/rgb_image.h"

namespace flowtrain {
namespace {

void SampleGaussian(int kernel, float sigma, std::vector<float>& weights) {
  weights.resize(static_cast<size_t>(kernel));
  const int half = kernel / 2;
  double sum = 0;
  for (int x = -half; x <= half; ++x) {
    const double scaled = x / static_cast<double>(sigma);
    sum += std::exp(-0.5 * scaled * scaled);
  }
  for (int x = -half; x <= half; ++x) {
    const double scaled = x / static_cast<double>(sigma);
    weights[static_cast<size_t>(x + half)] =
        static_cast<float>(std::exp(-0.5 * scaled * scaled) / sum);
  }
}

// sums[i] += weight * values[i]; separate so that the compiler sees that they do not overlap.
void AddScaled(float weight, const float* __restrict values, size_t count, float* __restrict sums) {
  for (size_t i = 0; i < count; ++i) sums[i] += weight * values[i];
}

// Nearest integer, half to even, of a value in [0, 2^22): the sum has no bits left for a fraction.
// Unlike std::nearbyint it is not a call, so loops over it use vector instructions.
float RoundHalfToEven(float value) { return (value + 0x1p23f) - 0x1p23f; }

}  // namespace

void GaussianBlur::Apply(uint8_t* rgb, int height, int width, int kernel, float sigma) {
  SampleGaussian(kernel, sigma, weights_);
  BlurRows(rgb, height, width);
  BlurColumns(rgb, height, width);
}

void GaussianBlur::BlurRows(const uint8_t* rgb, int height, int width) {
  const int half = static_cast<int>(weights_.size()) / 2;
  const auto row_bytes = static_cast<size_t>(width) * kChannels;
  padded_.resize(row_bytes + static_cast<size_t>(2 * half) * kChannels);
  rows_.assign(static_cast<size_t>(height) * row_bytes, 0.0f);
  for (int y = 0; y < height; ++y) {
    const uint8_t* row = rgb + static_cast<size_t>(y) * row_bytes;
    float* padded = padded_.data();
    for (int x = -half; x < width + half; ++x) {
      const uint8_t* pixel = row + static_cast<size_t>(Mirrored(x, width)) * kChannels;
      for (size_t c = 0; c < kChannels; ++c) *padded++ = pixel[c];
    }
    float* out = rows_.data() + static_cast<size_t>(y) * row_bytes;
    for (size_t k = 0; k < weights_.size(); ++k) {
      AddScaled(weights_[k], padded_.data() + k * kChannels, row_bytes, out);
    }
  }
}

void GaussianBlur::BlurColumns(uint8_t* rgb, int height, int width) {
  const int half = static_cast<int>(weights_.size()) / 2;
  const auto row_bytes = static_cast<size_t>(width) * kChannels;
  for (int y = 0; y < height; ++y) {
    sums_.assign(row_bytes, 0.0f);
    for (int k = -half; k <= half; ++k) {
      const auto from = static_cast<size_t>(Mirrored(y + k, height));
      AddScaled(weights_[static_cast<size_t>(k + half)], rows_.data() + from * row_bytes, row_bytes,
                sums_.data());
    }
    uint8_t* out = rgb + static_cast<size_t>(y) * row_bytes;
    for (size_t i = 0; i < row_bytes; ++i) {
      out[i] = static_cast<uint8_t>(std::min(RoundHalfToEven(sums_[i]), 255.0f));
    }
  }
}

}  // namespace flowtrain
