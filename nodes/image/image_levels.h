// Reduced copies of an image, stored after it, so that a small view of it reads few bytes.
#pragma once

#include <cstddef>

#include "nodes/image/rgb_image.h"

namespace flowtrain {

// Levels of an image of height x width pixels: level 0 is the image, uint8 [height, width, 3], and
// each other is half of the one before, its sides rounded up. They lie one after the other.
inline constexpr int kMostLevels = 4;  // down to 1/8, as a JPEG is decoded

struct ImageLevel {
  size_t offset = 0;  // bytes from level 0
  int height = 0, width = 0;

  size_t bytes() const {
    return size_t{3} * static_cast<size_t>(height) * static_cast<size_t>(width);
  }
};
ImageLevel LevelOf(int height, int width, int level);

// Bytes of the levels 0 … levels - 1.
size_t LevelBytes(int height, int width, int levels);

// The levels `first` … `last` that are kept of an image.
struct LevelRange {
  int first = 0, last = 0;
};

// Makes the levels of a whole image (RgbImage::shrink 1, one level); they become what it holds. A
// pixel of a level is the mean of the 2 x 2 it covers, at an odd border of those that exist. Halves
// are rounded up in even rows and down in odd ones, so that no level is brighter than another.
void MakeLevels(const LevelRange& range, RgbImage& image);

}  // namespace flowtrain
