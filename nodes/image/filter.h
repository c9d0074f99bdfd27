// The filters that images are resized with.
#pragma once

#include <cmath>
#include <cstdint>

namespace flowtrain {

// How an image is resized; with antialiasing when it shrinks, as Pillow does it.
enum class Interpolation : uint8_t { kBilinear, kBicubic };

// Distance, in pixels of the coarser of the two images, from which on the filter is 0.
inline double FilterSupport(Interpolation interpolation) {
  return interpolation == Interpolation::kBilinear ? 1.0 : 2.0;
}

// The triangle.
inline double LinearFilter(double distance) {
  const double x = std::abs(distance);
  return x < 1 ? 1 - x : 0;
}

// Keys' cubic convolution with a = -1/2 (R. Keys: "Cubic convolution interpolation for digital
// image processing", 1981).
inline double CubicFilter(double distance) {
  constexpr double a = -0.5;
  const double x = std::abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

inline double Filter(Interpolation interpolation, double distance) {
  return interpolation == Interpolation::kBilinear ? LinearFilter(distance) : CubicFilter(distance);
}

}  // namespace flowtrain
