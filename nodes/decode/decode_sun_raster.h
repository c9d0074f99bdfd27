// Sun raster (.ras, .sr).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "nodes/image/rgb_image.h"

namespace flowtrain {

// Decodes to RGB of 8 bits: 1, 8, 24 and 32 bits, plain or run-length encoded, with or without a
// palette.
bool DecodeSunRaster(std::span<const uint8_t> file, int64_t max_pixels, RgbImage& out,
                     std::string* why);

}  // namespace flowtrain
