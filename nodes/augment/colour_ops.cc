#include "nodes/augment/colour_ops.h"

#include <algorithm>
#include <cmath>

namespace flowtrain {
namespace {

using Kind = simd::ColourOp::Kind;

// Least e of at least 1 with factor < 2^e: how many of a word's bits the product's integer part may
// come to need above 8.
int Exponent(float factor) {
  int exponent = 1;
  while (factor >= std::ldexp(1.0f, exponent)) ++exponent;
  return exponent;
}

int Scaled(double value, int bits) {
  return static_cast<int>(std::lround(std::ldexp(value, bits)));
}

}  // namespace

simd::ColourOp BrightnessOp(float factor) {
  const int e = Exponent(factor);
  // Rounded up: a product that is a whole number must not fall below it.
  const int scaled = static_cast<int>(std::ceil(std::ldexp(double{factor}, 16 - e)));
  return {Kind::kBrightness, 8 - e, std::min(scaled, 0xFFFF), 0};
}

simd::ColourOp ContrastOp(float factor, int mean) {
  const int e = Exponent(factor), bits = 7 - e;
  return {Kind::kContrast, bits, std::min(Scaled(double{factor}, 16 - e), 0xFFFF),
          Scaled(mean * (1 - double{factor}), bits)};
}

simd::ColourOp SaturationOp(float factor) {
  const int e = Exponent(factor);
  return {Kind::kSaturation, 6 - e, std::min(Scaled(double{factor}, 15 - e), 0x7FFF), 0};
}

simd::ColourOp HueOp(float turn) { return {Kind::kHue, 0, Scaled(6 * double{turn}, 13), 0}; }

simd::ColourOp GreyOp() { return {Kind::kGrey, 0, 0, 0}; }

simd::ColourOp SolarizeOp(int threshold) { return {Kind::kSolarize, 0, 0, threshold}; }

}  // namespace flowtrain
