// What a view is made from.
#pragma once

#include <cstdint>

#include "nodes/image/rgb_image.h"

namespace flowtrain {

// An image, or the part of it that begins at (top, left) of the image reduced by `shrink`. A crop,
// which is in pixels of the whole image, lies within it.
struct ViewSource {
  const uint8_t* pixels = nullptr;
  int height = 0, width = 0;
  int top = 0, left = 0, shrink = 1;
  PixelLayout layout = PixelLayout::kRgb;
};

}  // namespace flowtrain
