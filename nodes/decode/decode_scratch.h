// The memory that decoding needs.
#pragma once

#include <cstdint>
#include <vector>

#include "nodes/decode/codec_plugins.h"
#include "nodes/decode/jpeg_decompressor.h"
#include "nodes/image/pixel_limit.h"

namespace flowtrain {

// What one thread's decodes share. Not thread-safe.
struct DecodeScratch {
  int64_t max_pixels = kMaxImagePixels;  // a file whose image has more is refused
  std::vector<uint8_t> pixels;           // an image before it is turned upright
  std::vector<uint8_t> row;              // a row of a CMYK image
  JpegDecompressor jpeg;
  CodecPlugins plugins;
};

}  // namespace flowtrain
