// BMP: Windows and OS/2 bitmaps.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "nodes/image/rgb_image.h"

namespace flowtrain {

// Decodes to upright RGB of 8 bits: palettes of 1, 2, 4 and 8 bits, plain or run-length encoded; 16,
// 24 and 32 bits, with any masks. Alpha is dropped.
bool DecodeBmp(std::span<const uint8_t> file, int64_t max_pixels, RgbImage& out, std::string* why);

}  // namespace flowtrain
