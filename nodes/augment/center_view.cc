#include "nodes/augment/center_view.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "nodes/image/resample.h"

namespace flowtrain {
namespace {

// `side` is the axis's length in the image, `shorter` that of its shorter axis. The longer side
// loses its fraction, the offset is rounded half to even.
OutputRange Central(int side, int shorter, int size) {
  const int64_t full = int64_t{size} * side / shorter;
  const auto offset = static_cast<int64_t>(std::nearbyint(static_cast<double>(full - size) / 2));
  return {full, offset, size};
}

}  // namespace

void CenterView(const uint8_t* rgb, int height, int width, int size, uint8_t* out) {
  const int shorter = std::min(height, width);
  Resampler resampler;
  resampler.Resize({rgb, static_cast<size_t>(width) * 3, height, width},
                   Central(height, shorter, size), Central(width, shorter, size), out);
}

}  // namespace flowtrain
