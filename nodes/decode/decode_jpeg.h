// JPEG by libjpeg-turbo.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "nodes/decode/decode_scratch.h"
#include "nodes/image/rgb_image.h"

namespace flowtrain {

// Whether the bytes begin as a JPEG does.
inline bool IsJpeg(std::span<const uint8_t> bytes) {
  return bytes.size() >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF;
}

// Decodes to upright RGB. CMYK and YCCK are taken as Adobe writes them, inverted, as other readers
// do. Data that ends early or is damaged is an error, where libjpeg would go on with grey.
//
// With a `chooser` only the wanted part is decoded, with some pixels around it, reduced as far as
// the part allows: its pixels are those of the whole image decoded at that scale.
bool DecodeJpeg(std::span<const uint8_t> bytes, DecodeScratch& scratch, const PartChooser* chooser,
                RgbImage& out, std::string* why);

}  // namespace flowtrain
