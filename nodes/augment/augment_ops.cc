#include "nodes/augment/augment_ops.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "nodes/image/rgb_image.h"

namespace flowtrain {
namespace {

uint8_t Blend(int degenerate, int value, float factor) {
  const float blended =
      static_cast<float>(degenerate) + factor * static_cast<float>(value - degenerate);
  return static_cast<uint8_t>(std::clamp(blended, 0.0f, 255.0f));
}

void BlendWithConstant(RgbBytes rgb, int degenerate, float factor) {
  std::array<uint8_t, 256> table;
  for (int value = 0; value < 256; ++value) {
    table[static_cast<size_t>(value)] = Blend(degenerate, value, factor);
  }
  for (uint8_t& byte : rgb) byte = table[byte];
}

struct Hsv {
  uint8_t hue, saturation, value;
};

// Hexcone model (Smith 1978) with hue and saturation scaled to 255, fraction dropped.
Hsv ToHsv(int red, int green, int blue) {
  const int high = std::max({red, green, blue}), low = std::min({red, green, blue});
  if (high == low) return {0, 0, static_cast<uint8_t>(high)};
  const auto range = static_cast<float>(high - low);
  const float from_red = static_cast<float>(high - red) / range;
  const float from_green = static_cast<float>(high - green) / range;
  const float from_blue = static_cast<float>(high - blue) / range;
  float sector = 0;  // in [-1, 5]: sixths of the circle
  if (red == high) {
    sector = from_blue - from_green;
  } else if (green == high) {
    sector = static_cast<float>(2.0 + from_red - from_blue);
  } else {
    sector = static_cast<float>(4.0 + from_green - from_red);
  }
  double turn = sector / 6.0;
  turn = turn < 0.0 ? turn + 1.0 : turn;
  const auto hue = static_cast<float>(turn);
  const float saturation = range / static_cast<float>(high);
  return {static_cast<uint8_t>(hue * 255.0), static_cast<uint8_t>(saturation * 255.0),
          static_cast<uint8_t>(high)};
}

// Half away from zero, of a value in [0, 255].
uint8_t Nearest(double value) { return static_cast<uint8_t>(value + 0.5); }

// The inverse of ToHsv; channels are rounded.
void FromHsv(const Hsv& hsv, uint8_t* pixel) {
  const auto put = [pixel](uint8_t red, uint8_t green, uint8_t blue) {
    pixel[0] = red;
    pixel[1] = green;
    pixel[2] = blue;
  };
  const uint8_t high = hsv.value;
  const double saturation = hsv.saturation / 255.0;
  const double position = hsv.hue * 6.0 / 255.0;
  const auto sector = static_cast<int>(position);
  const double within = position - sector;
  const uint8_t low = Nearest(high * (1.0 - saturation));
  const uint8_t falling = Nearest(high * (1.0 - saturation * within));
  const uint8_t rising = Nearest(high * (1.0 - saturation * (1.0 - within)));
  switch (sector % 6) {
    case 0:
      return put(high, rising, low);
    case 1:
      return put(falling, high, low);
    case 2:
      return put(low, high, rising);
    case 3:
      return put(low, falling, high);
    case 4:
      return put(rising, low, high);
    default:
      return put(high, low, falling);
  }
}

}  // namespace

void AdjustBrightness(RgbBytes rgb, float factor) { BlendWithConstant(rgb, 0, factor); }

void AdjustContrast(RgbBytes rgb, float factor) {
  uint64_t sum = 0;
  for (size_t i = 0; i < rgb.size(); i += kChannels) sum += Luma(rgb[i], rgb[i + 1], rgb[i + 2]);
  const size_t pixels = rgb.size() / kChannels;
  const double mean = static_cast<double>(sum) / static_cast<double>(pixels);
  BlendWithConstant(rgb, static_cast<int>(mean + 0.5), factor);
}

void AdjustSaturation(RgbBytes rgb, float factor) {
  for (size_t i = 0; i < rgb.size(); i += kChannels) {
    const int luma = Luma(rgb[i], rgb[i + 1], rgb[i + 2]);
    for (size_t c = 0; c < kChannels; ++c) rgb[i + c] = Blend(luma, rgb[i + c], factor);
  }
}

void ShiftHue(RgbBytes rgb, float turn) {
  if (turn == 0.0f) return;
  const auto shift = static_cast<int>(static_cast<double>(turn) * 255.0);
  for (size_t i = 0; i < rgb.size(); i += kChannels) {
    Hsv hsv = ToHsv(rgb[i], rgb[i + 1], rgb[i + 2]);
    hsv.hue = static_cast<uint8_t>(hsv.hue + shift);  // modulo 256: the circle closes
    FromHsv(hsv, &rgb[i]);
  }
}

void ToGrey(RgbBytes rgb) {
  for (size_t i = 0; i < rgb.size(); i += kChannels) {
    const uint8_t luma = Luma(rgb[i], rgb[i + 1], rgb[i + 2]);
    rgb[i] = rgb[i + 1] = rgb[i + 2] = luma;
  }
}

void Solarize(RgbBytes rgb, int threshold) {
  for (uint8_t& byte : rgb) {
    if (byte >= threshold) byte = static_cast<uint8_t>(255 - byte);
  }
}

void FlipHorizontal(uint8_t* rgb, int height, int width) {
  const auto row_bytes = static_cast<size_t>(width) * kChannels;
  for (int y = 0; y < height; ++y, rgb += row_bytes) {
    uint8_t* left = rgb;
    uint8_t* right = rgb + row_bytes - kChannels;
    for (; left < right; left += kChannels, right -= kChannels) {
      std::swap_ranges(left, left + kChannels, right);
    }
  }
}

}  // namespace flowtrain
