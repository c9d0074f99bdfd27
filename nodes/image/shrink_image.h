// Makes an image smaller before it is kept.
#pragma once

#include <cstdint>
#include <vector>

#include "nodes/image/resample.h"
#include "nodes/image/rgb_image.h"

namespace flowtrain {

// Shrinks images until their largest side is at most `max_side` pixels (0: never), with
// antialiasing and the proportions kept; smaller images stay as they are. Keeps its memory from
// image to image. Not thread-safe.
class ImageShrinker {
 public:
  // `image` must be whole and not reduced (RgbImage::shrink 1). The shrunk one takes its place, as
  // a whole image of its own size.
  void Shrink(int max_side, RgbImage& image);

 private:
  Resampler resampler_;
  std::vector<uint8_t> shrunk_;
};

}  // namespace flowtrain
