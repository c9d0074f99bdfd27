// A decoded image, and the memory that decoding needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nodes/decode/imgcodecs.h"

namespace flowtrain {

// uint8 [height, width, 3], RGB, packed.
struct RgbImage {
  std::span<const uint8_t> pixels;  // a view of `storage`, or of the encoded bytes (Encoding::kRgb)
  std::vector<uint8_t> storage;     // keeps its capacity from image to image
  int height = 0, width = 0;

  // Makes `storage` the place of an image of this size, and returns it.
  std::span<uint8_t> Resize(int new_height, int new_width) {
    height = new_height;
    width = new_width;
    storage.resize(size_t{3} * static_cast<size_t>(height) * static_cast<size_t>(width));
    pixels = storage;
    return storage;
  }
};

// What one thread's decodes share. Not thread-safe.
struct DecodeScratch {
  std::vector<uint8_t> pixels;  // an image before it is turned upright
  std::vector<uint8_t> row;     // a row of a CMYK image
  Imgcodecs imgcodecs;          // opened by the first image that needs it
};

// No image of more pixels than this is decoded: a small file can claim a huge image.
inline constexpr int64_t kMaxImagePixels = 178'000'000;
inline bool TooLarge(int64_t height, int64_t width) { return height > kMaxImagePixels / width; }

}  // namespace flowtrain
