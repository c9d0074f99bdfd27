// From bytes to the floating-point values that a network takes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "nodes/image/simd/kernels.h"

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

// The values of an image: floats, or IEEE halves, whose bits are kept as uint16; three planes, or
// packed RGB.
struct ImageValues {
  ImageValues(float* to, bool as_planes) : first(to), planes(as_planes) {}
  ImageValues(uint16_t* to, bool as_planes) : first(to), halves(true), planes(as_planes) {}

  void* first;
  bool halves = false;
  bool planes;
};

// Of `pixels` pixels, packed RGB.
void NormalizeRgb(const Normalization& by, const uint8_t* in, size_t pixels,
                  const ImageValues& out);

// The pixels [begin, end) of an image of `pixels` pixels, at least kSlackBytes, in three planes;
// `begin` and `end` are multiples of kSlackBytes, or the image's end. So an image can be made and
// normalised a part at a time, while the values of the part before are on their way to memory.
void NormalizePlanes(const Normalization& by, const Planes& in, size_t pixels, size_t begin,
                     size_t end, const ImageValues& out);

}  // namespace flowtrain::simd
