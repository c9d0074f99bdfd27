#include "nodes/augment/center_view.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>

#include "nodes/image/resample.h"

namespace flowtrain {
namespace {

// `side` is the axis's length in the image, `shorter` that of its shorter axis. The fraction of the
// longer side is dropped, the offset is rounded half to even.
OutputRange Central(int side, int shorter, int size) {
  const int64_t full = int64_t{size} * side / shorter;
  const auto offset = static_cast<int64_t>(std::nearbyint(static_cast<double>(full - size) / 2));
  return {full, offset, size};
}

}  // namespace

void CenterView(const Pixels& image, int size, uint8_t* out) {
  if (image.layout != PixelLayout::kRgb || image.shrink != 1 || image.height != image.full_height ||
      image.width != image.full_width) {
    throw std::logic_error("the view of an evaluation needs the whole image, decoded to RGB");
  }
  const int shorter = std::min(image.height, image.width);
  Resampler resampler;
  resampler.Resize({image.pixels.data(), static_cast<size_t>(image.width) * kChannels, image.height,
                    image.width},
                   Central(image.height, shorter, size), Central(image.width, shorter, size), out);
}

}  // namespace flowtrain
