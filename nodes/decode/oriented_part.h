// Parts of an image that is stored lying on a side.
#pragma once

#include "nodes/image/rgb_image.h"

namespace flowtrain {

// A rectangle, in pixels.
struct Rectangle {
  int top = 0, left = 0, height = 0, width = 0;
};

// Where a rectangle of an upright image lies in the stored one of `height` x `width` pixels, by
// Exif's orientation; and the way back.
Rectangle StoredRectangle(const Rectangle& upright, int orientation, int height, int width);
Rectangle UprightRectangle(const Rectangle& stored, int orientation, int height, int width);

}  // namespace flowtrain
