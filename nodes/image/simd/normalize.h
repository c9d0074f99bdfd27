// From bytes to the floating-point values that a network takes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace flowtrain::simd {

// value = byte * scale + bias, for each channel. The scale is in two parts whose products with a
// byte are exact, so every instruction set gives the same values.
struct Normalization {
  std::array<float, 3> high{}, low{}, bias{};
};

// (byte / 255 - mean) / deviation. Its values are within 2 units in the last place of those that
// exact arithmetic gives, relative to the largest.
Normalization NormalizationOf(const std::array<double, 3>& mean,
                              const std::array<double, 3>& deviation);

// Of `pixels` pixels, packed RGB, to `out`: three planes, or packed again. The bits of an IEEE half
// are kept as uint16.
void NormalizeRgb(const Normalization& by, const uint8_t* in, size_t pixels, bool planes,
                  float* out);
void NormalizeRgb(const Normalization& by, const uint8_t* in, size_t pixels, bool planes,
                  uint16_t* out);

}  // namespace flowtrain::simd
