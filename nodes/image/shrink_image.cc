#include "nodes/image/shrink_image.h"

#include <algorithm>
#include <utility>

namespace flowtrain {
namespace {

// `side` times max_side / largest, rounded, at least 1 pixel.
int Scaled(int side, int max_side, int largest) {
  const int64_t scaled = (int64_t{2} * side * max_side + largest) / (int64_t{2} * largest);
  return static_cast<int>(std::max<int64_t>(1, scaled));
}

}  // namespace

void ImageShrinker::Shrink(int max_side, RgbImage& image) {
  const int largest = std::max(image.height, image.width);
  if (max_side == 0 || largest <= max_side) return;
  const int height = Scaled(image.height, max_side, largest);
  const int width = Scaled(image.width, max_side, largest);
  shrunk_.resize(size_t{3} * static_cast<size_t>(height) * static_cast<size_t>(width));
  const RgbRegion whole{image.pixels.data(), size_t{3} * static_cast<size_t>(image.width),
                        image.height, image.width};
  resampler_.Resize(whole, {height, 0, height}, {width, 0, width}, shrunk_.data());
  std::swap(image.storage, shrunk_);
  image.pixels = image.storage;
  image.height = image.full_height = height;
  image.width = image.full_width = width;
}

}  // namespace flowtrain
