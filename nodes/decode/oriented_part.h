// Parts of an image that is stored lying on a side.
#pragma once

#include <cstdint>
#include <span>

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

// Where a part of a stored image of `height` x `width` pixels comes from.
struct StoredPart {
  int height = 0, width = 0, orientation = 1;
  int shrink = 1;
  Rectangle part;  // in pixels of the reduced image
};

// Makes `out` the place of the part, upright, and returns its pixels.
std::span<uint8_t> ResizeToPart(const StoredPart& stored, RgbImage& out);

inline int Reduced(int length, int shrink) { return (length + shrink - 1) / shrink; }

}  // namespace flowtrain
