// PNG by libspng.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "nodes/decode/decode_scratch.h"
#include "nodes/image/rgb_image.h"

namespace flowtrain {

// Whether the bytes begin as a PNG does.
bool IsPng(std::span<const uint8_t> bytes);

// Decodes to upright RGB of 8 bits: grey and palette are expanded, 16 bits are cut to the upper 8,
// alpha is dropped. Data that ends early, or whose checksum is wrong, is an error.
bool DecodePng(std::span<const uint8_t> bytes, DecodeScratch& scratch, RgbImage& out,
               std::string* why);

}  // namespace flowtrain
