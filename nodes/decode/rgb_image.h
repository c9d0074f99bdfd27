// From an image's bytes to RGB pixels.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nodes/source/dataset.h"

namespace flowtrain {

// Decoded pixels: uint8 [height, width, 3], packed.
struct RgbImage {
  std::span<const uint8_t>
      pixels;  // of `storage`, or of the encoded bytes where they are pixels already
  std::vector<uint8_t> storage;  // kept from image to image, so its memory is allocated once
  int height = 0, width = 0;
};

// The largest image that is decoded: a small file may claim any size.
inline constexpr int64_t kMostPixels =
    178'956'970;  // a quarter of 2^31 / 3, PIL's limit for a "decompression bomb"

// Decodes `encoded` to RGB: JPEG by libjpeg-turbo, all else that OpenCV reads by its imgcodecs.
// Greyscale, CMYK, alpha (dropped) and 16 bits become 8-bit RGB; a JPEG's EXIF orientation is
// honoured. Truncated or corrupt data is an error, never grey pixels. Returns why the image cannot
// be used, or an empty string.
std::string DecodeToRgb(const EncodedImage& encoded, RgbImage& image);

}  // namespace flowtrain
