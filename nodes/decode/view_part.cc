#include "nodes/decode/view_part.h"

#include <algorithm>

namespace flowtrain {
namespace {

constexpr int kLargestShrink = 8;  // of a JPEG, as it is decoded

}  // namespace

WantedPart ViewPart::Choose(int height, int width) const {
  int top = height, left = width, bottom = 0, right = 0;
  int shrink = recipe_.fused() ? kLargestShrink : 1;
  for (int view = 0; view < views_; ++view) {
    const ViewParams crop = recipe_.Draw(place_, view, height, width);
    top = std::min(top, crop.top);
    left = std::min(left, crop.left);
    bottom = std::max(bottom, crop.top + crop.height);
    right = std::max(right, crop.left + crop.width);
    const int least = std::min(crop.height, crop.width);
    while (shrink > 1 && least / shrink < recipe_.size()) shrink /= 2;
  }
  return {top, left, bottom - top, right - left, shrink};
}

}  // namespace flowtrain
