#include "nodes/augment/colour_ops.h"

#include <algorithm>
#include <cmath>

namespace flowtrain {
namespace {

using Kind = simd::ColourOp::Kind;

// The least e >= 1 with factor < 2^e.
int Exponent(float factor) {
  int exponent = 1;
  while (factor >= std::ldexp(1.0f, exponent)) ++exponent;
  return exponent;
}

// To 16 bits, 1 = 2^bits.
int Scaled(double value, int bits) {
  return std::clamp(static_cast<int>(std::lround(std::ldexp(value, bits))), 0, 0xFFFF);
}

}  // namespace

simd::ColourOp BrightnessOp(float factor) {
  const int e = Exponent(factor);
  // Rounded up: a product that is a whole number must not fall below it.
  const int scaled = static_cast<int>(std::ceil(std::ldexp(double{factor}, 16 - e)));
  return {Kind::kBrightness, e, std::min(scaled, 0xFFFF), 0};
}

simd::ColourOp ContrastOp(float factor, int mean) {
  const int e = Exponent(factor);
  const double of_mean = mean * std::abs(1 - double{factor});
  return {factor < 1 ? Kind::kContrastDown : Kind::kContrastUp, e, Scaled(double{factor}, 16 - e),
          Scaled(of_mean, 8 - e)};
}

simd::ColourOp SaturationOp(float factor) {
  const int e = Exponent(factor), one = 1 << (16 - e), scaled = Scaled(double{factor}, 16 - e);
  // The two factors add up to 1, or differ by it, to the last bit: a grey pixel stays as it is.
  return {factor < 1 ? Kind::kSaturationDown : Kind::kSaturationUp, e, scaled,
          std::abs(one - scaled)};
}

simd::ColourOp HueOp(float turn) {
  return {Kind::kHue, 0, static_cast<int>(std::lround(std::ldexp(6 * double{turn}, 13))), 0};
}

simd::ColourOp GreyOp() { return {}; }

simd::ColourOp SolarizeOp(int threshold) { return {Kind::kSolarize, 0, threshold * 256, 0}; }

}  // namespace flowtrain
