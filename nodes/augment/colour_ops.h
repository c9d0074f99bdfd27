// The fused colour operations: their constants, and several of them as one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "nodes/image/simd/kernels.h"

namespace flowtrain {

// Factors of brightness, contrast and saturation lie in [0, kLargestFactor).
inline constexpr float kLargestFactor = 64;

simd::ColourOp BrightnessOp(float factor);
// `mean` of the luma, rounded to an integer.
simd::ColourOp ContrastOp(float factor, int mean);
simd::ColourOp SaturationOp(float factor);
// `turn` of the hue circle, in [-1/2, 1/2].
simd::ColourOp HueOp(float turn);
simd::ColourOp GreyOp();
// `threshold` from 0 to 255.
simd::ColourOp SolarizeOp(int threshold);

// What is to be done to every pixel of a view, one operation after the other.
class ColourOps {
 public:
  void Add(const simd::ColourOp& op) { ops_[count_++] = op; }
  // Leaves none.
  ColourOps TakeAll() { return std::exchange(*this, {}); }

  void Apply(const simd::Planes& planes, size_t pixels) const {
    if (count_ > 0) simd::ApplyColour(planes, pixels, {ops_.data(), count_}, false);
  }
  // Of the pixels as they are then.
  uint64_t ApplyAndSumLuma(const simd::Planes& planes, size_t pixels) const {
    return simd::ApplyColour(planes, pixels, {ops_.data(), count_}, true);
  }

 private:
  std::array<simd::ColourOp, simd::kMostColourOps> ops_{};
  size_t count_ = 0;
};

}  // namespace flowtrain
