#include "nodes/augment/line_reader.h"

#include <cstring>

namespace flowtrain {

Lines LineReader::Take(const Lines& image, const AxisBox& across, const AxisBox& along,
                       size_t pixel_bytes) {
  const size_t length = static_cast<size_t>(along.high - along.low) * pixel_bytes;
  const uint8_t* first = image.first + static_cast<size_t>(across.low) * image.stride +
                         static_cast<size_t>(along.low) * pixel_bytes;
  constexpr size_t kLeast = simd::kLeastLength;
  if (length >= kLeast) return {first, image.stride, length};
  const auto lines = static_cast<size_t>(across.high - across.low);
  if (copy_.size() < lines * kLeast) copy_.resize(lines * kLeast);
  for (size_t i = 0; i < lines; ++i) {
    std::memcpy(copy_.data() + i * kLeast, first + i * image.stride, length);
  }
  return {copy_.data(), kLeast, kLeast};
}

}  // namespace flowtrain
