#include "nodes/augment/center_view.h"

#include <algorithm>
#include <cstddef>

#include "nodes/augment/resize.h"

namespace flowtrain {

void CenterView(const uint8_t* rgb, int height, int width, int size, uint8_t* to) {
  // To crop the centre square and resize it gives the same pixels as the other way round, for less
  // work.
  const int side = std::min(height, width);
  const int top = (height - side) / 2, left = (width - side) / 2;
  const size_t row_bytes = size_t{3} * static_cast<size_t>(width);
  ResizeScratch scratch;
  ResizeBilinear(
      {rgb + static_cast<size_t>(top) * row_bytes + size_t{3} * static_cast<size_t>(left),
       row_bytes, side, side},
      size, size, scratch, to);
}

}  // namespace flowtrain
