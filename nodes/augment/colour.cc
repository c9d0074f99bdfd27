#include "nodes/augment/colour.h"

#include <algorithm>
#include <cmath>

namespace flowtrain {
namespace {

// PIL's blend: towards `x` from `base`, cut off (not rounded) to a byte.
uint8_t Blend(uint8_t base, uint8_t x, float factor) {
  const float value =
      static_cast<float>(base) + factor * (static_cast<float>(x) - static_cast<float>(base));
  return static_cast<uint8_t>(std::clamp(value, 0.0f, 255.0f));
}

struct Hsv {
  uint8_t h, s, v;
};

Hsv ToHsv(const uint8_t* rgb) {
  const uint8_t r = rgb[0], g = rgb[1], b = rgb[2];
  const uint8_t most = std::max({r, g, b}), least = std::min({r, g, b});
  if (most == least) return {0, 0, most};
  const float range = static_cast<float>(most - least);
  const float from_r = static_cast<float>(most - r) / range;
  const float from_g = static_cast<float>(most - g) / range;
  const float from_b = static_cast<float>(most - b) / range;
  float sector = 0;
  if (r == most) {
    sector = from_b - from_g;
  } else if (g == most) {
    sector = 2 + from_r - from_b;
  } else {
    sector = 4 + from_g - from_r;
  }
  const float hue = std::fmod(sector / 6 + 1, 1.0f);
  return {static_cast<uint8_t>(hue * 255),
          static_cast<uint8_t>(range / static_cast<float>(most) * 255), most};
}

void ToRgb(const Hsv& hsv, uint8_t* rgb) {
  const float sector = static_cast<float>(hsv.h) * 6 / 255;
  const float whole = std::floor(sector), part = sector - whole;
  const float saturation = static_cast<float>(hsv.s) / 255, v = hsv.v;
  const auto byte = [](float x) {
    return static_cast<uint8_t>(std::clamp(std::round(x), 0.0f, 255.0f));
  };
  const uint8_t p = byte(v * (1 - saturation));
  const uint8_t q = byte(v * (1 - saturation * part));
  const uint8_t t = byte(v * (1 - saturation * (1 - part)));
  const uint8_t choices[6][3] = {{hsv.v, t, p}, {q, hsv.v, p}, {p, hsv.v, t},
                                 {p, q, hsv.v}, {t, p, hsv.v}, {hsv.v, p, q}};
  std::copy_n(choices[static_cast<int>(whole) % 6], 3, rgb);
}

}  // namespace

uint8_t Luma(const uint8_t* rgb) {
  return static_cast<uint8_t>((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
}

void AdjustBrightness(std::span<uint8_t> rgb, float factor) {
  for (uint8_t& x : rgb) x = Blend(0, x, factor);
}

void AdjustContrast(std::span<uint8_t> rgb, float factor) {
  uint64_t sum = 0;
  for (size_t i = 0; i < rgb.size(); i += 3) sum += Luma(&rgb[i]);
  const double pixels = static_cast<double>(rgb.size()) / 3;
  const auto mean = static_cast<uint8_t>(static_cast<double>(sum) / pixels + 0.5);
  for (uint8_t& x : rgb) x = Blend(mean, x, factor);
}

void AdjustSaturation(std::span<uint8_t> rgb, float factor) {
  for (size_t i = 0; i < rgb.size(); i += 3) {
    const uint8_t luma = Luma(&rgb[i]);
    for (size_t c = 0; c < 3; ++c) rgb[i + c] = Blend(luma, rgb[i + c], factor);
  }
}

void AdjustHue(std::span<uint8_t> rgb, float turn) {
  const auto shift =
      static_cast<uint8_t>(static_cast<int>(turn * 255));  // around the circle of 256
  if (shift == 0) return;
  for (size_t i = 0; i < rgb.size(); i += 3) {
    Hsv hsv = ToHsv(&rgb[i]);
    hsv.h = static_cast<uint8_t>(hsv.h + shift);
    ToRgb(hsv, &rgb[i]);
  }
}

void MakeGrey(std::span<uint8_t> rgb) {
  for (size_t i = 0; i < rgb.size(); i += 3) rgb[i] = rgb[i + 1] = rgb[i + 2] = Luma(&rgb[i]);
}

}  // namespace flowtrain
