// How large the views of a batch are.
#pragma once

#include <cmath>
#include <vector>

#include "nodes/image/rgb_image.h"
#include "pipeline/node/packet.h"

namespace flowtrain {

namespace internal {

inline int SquareSide(size_t bytes) {
  const auto side = static_cast<size_t>(std::lround(std::sqrt(bytes / kChannels)));
  return side * side * kChannels == bytes ? static_cast<int>(side) : 0;
}

}  // namespace internal

// Side of the square RGB views that a batch has room for, pixels; 0 where its rows are not such
// views, or not all of one size. Only the stage node is told it; nodes that make or evaluate views
// ask here.
inline int ViewSide(const BatchLayout& layout) { return internal::SquareSide(layout.view_bytes); }
// The same of one view, also where they differ in size.
inline int ViewSide(const BatchLayout& layout, int view) {
  return internal::SquareSide(layout.ViewBytes(view));
}
// The same of every view.
inline std::vector<int> ViewSides(const BatchLayout& layout) {
  std::vector<int> sides;
  for (int view = 0; view < layout.views; ++view) sides.push_back(ViewSide(layout, view));
  return sides;
}

}  // namespace flowtrain
