// PAM (netpbm.sourceforge.net/doc/pam.html).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "nodes/image/rgb_image.h"

namespace flowtrain {

// Decodes the first image of the file to RGB of 8 bits: grey, RGB and CMYK, with or without alpha,
// which is dropped.
bool DecodePam(std::span<const uint8_t> file, int64_t max_pixels, RgbImage& out, std::string* why);

}  // namespace flowtrain
