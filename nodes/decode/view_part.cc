#include "nodes/decode/view_part.h"

#include <algorithm>

#include "nodes/image/image_levels.h"

namespace flowtrain {

WantedPart ViewPart::Choose(int height, int width) const {
  int top = height, left = width, bottom = 0, right = 0;
  int halvings = kMostLevels - 1;
  for (int view = 0; view < views_; ++view) {
    const ViewParams crop = recipe_.Draw(key_, view, height, width);
    top = std::min(top, crop.top);
    left = std::min(left, crop.left);
    bottom = std::max(bottom, crop.top + crop.height);
    right = std::max(right, crop.left + crop.width);
    halvings = std::min(halvings, recipe_.JpegHalvings(view, std::min(crop.height, crop.width)));
  }
  return {top, left, bottom - top, right - left, 1 << halvings};
}

}  // namespace flowtrain
