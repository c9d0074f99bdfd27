// The lines of an image that a crop needs, as the SIMD kernels read them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "nodes/augment/fused_taps.h"
#include "nodes/image/aligned_vector.h"

namespace flowtrain {

// Rows of packed pixels, or columns of a plane that is stored by columns.
struct Lines {
  const uint8_t* first = nullptr;
  size_t stride = 0;  // bytes from a line to the next
  size_t length = 0;  // bytes of a line that may be read
};

class LineReader {
 public:
  // The part of `image` within `across` (lines) and `along` (pixels of `pixel_bytes` in a line).
  // Lines too short for a kernel are copied to longer ones; valid until the next call.
  Lines Take(const Lines& image, const AxisBox& across, const AxisBox& along, size_t pixel_bytes);

 private:
  AlignedVector<uint8_t> copy_;
};

}  // namespace flowtrain
