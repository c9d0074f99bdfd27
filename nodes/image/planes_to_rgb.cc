#include "nodes/image/planes_to_rgb.h"

#include <algorithm>

#include "nodes/image/simd/kernels.h"

namespace flowtrain {
namespace {

// Images too small for the kernels.
void OneByOne(const uint8_t* planes, size_t height, size_t width, uint8_t* rgb) {
  const size_t plane = height * width;
  for (size_t y = 0; y < height; ++y) {
    for (size_t at = y; at < plane; at += height, rgb += 3) {
      for (size_t channel = 0; channel < 3; ++channel) rgb[channel] = planes[channel * plane + at];
    }
  }
}

}  // namespace

void PlanesToRgb(std::span<const uint8_t> planes, int height, int width,
                 std::vector<uint8_t>& scratch, std::span<uint8_t> rgb) {
  const auto rows = static_cast<size_t>(height), columns = static_cast<size_t>(width);
  if (std::min(height, width) < simd::kLeastLength) {
    return OneByOne(planes.data(), rows, columns, rgb.data());
  }
  const size_t plane = rows * columns;
  scratch.resize(planes.size());
  for (size_t channel = 0; channel < 3; ++channel) {
    simd::TransposeBytes(planes.data() + channel * plane, rows, columns, rows,
                         scratch.data() + channel * plane, columns);
  }
  simd::InterleaveRgb(scratch.data(), scratch.data() + plane, scratch.data() + 2 * plane, plane,
                      rgb.data());
}

}  // namespace flowtrain
