// How large the views of a batch are.
#pragma once

#include <cmath>

#include "nodes/image/rgb_image.h"
#include "pipeline/node/packet.h"

namespace flowtrain {

// Side of the square RGB views that a batch has room for, pixels; 0 where its rows are not such
// views. Only the stage node is told it; nodes that make or evaluate views ask here.
inline int ViewSide(const BatchLayout& layout) {
  const auto side = static_cast<size_t>(std::lround(std::sqrt(layout.view_bytes / kChannels)));
  return side * side * kChannels == layout.view_bytes ? static_cast<int>(side) : 0;
}

}  // namespace flowtrain
