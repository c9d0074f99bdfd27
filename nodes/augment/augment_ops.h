// Pixel operations of the augmentation, in place on packed uint8 RGB. Each rounds to uint8 as
// torchvision's transforms do on a Pillow image, and follows the formula published for those.
#pragma once

#include <cstdint>
#include <span>

namespace flowtrain {

// The brightness of a pixel (ITU-R 601), fixed point, rounded: Pillow's mode L.
inline uint8_t Luma(uint8_t red, uint8_t green, uint8_t blue) {
  return static_cast<uint8_t>((19595u * red + 38470u * green + 7471u * blue + 0x8000u) >> 16);
}

// The four adjustments below take bytes of whole pixels, R G B R G B …; the first three blend
// towards a degenerate image d: x := d + factor (x - d), clipped to [0, 255], fraction dropped.
// factor >= 0; 1 leaves the image as it is.
using RgbBytes = std::span<uint8_t>;

// d is black.
void AdjustBrightness(RgbBytes rgb, float factor);
// d is the image's mean luma, rounded to an integer.
void AdjustContrast(RgbBytes rgb, float factor);
// d is each pixel's luma.
void AdjustSaturation(RgbBytes rgb, float factor);
// Turns the hue by `turn` (in [-1/2, 1/2]) of Pillow's HSV circle, which has 256 steps: by
// trunc(255 turn) steps. 0 leaves the image as it is; any other value goes through uint8 HSV, which
// loses a little.
void ShiftHue(RgbBytes rgb, float turn);

// Sets all channels to the luma.
void ToGrey(RgbBytes rgb);

// Inverts the values from `threshold` on.
void Solarize(RgbBytes rgb, int threshold);

// Mirrors left and right.
void FlipHorizontal(uint8_t* rgb, int height, int width);

}  // namespace flowtrain
