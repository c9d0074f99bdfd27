// Colour operations on packed uint8 RGB, in place, with PIL's formulas and rounding (ImageEnhance,
// Image.convert).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace flowtrain {

// ITU-R 601 luma in 16-bit fixed point: (19595 R + 38470 G + 7471 B + 32768) / 65536.
uint8_t Luma(const uint8_t* rgb);

void AdjustBrightness(std::span<uint8_t> rgb, float factor);  // factor x
// mean + factor (x - mean), the mean of the image's luma rounded to a grey level.
void AdjustContrast(std::span<uint8_t> rgb, float factor);
void AdjustSaturation(std::span<uint8_t> rgb, float factor);  // luma + factor (x - luma)
// Turns the hue by `turn` of the circle, -0.5 to 0.5, in HSV of 8 bits a channel.
void AdjustHue(std::span<uint8_t> rgb, float turn);
void MakeGrey(std::span<uint8_t> rgb);  // luma in all channels

}  // namespace flowtrain
