// Makes one view of an image from its drawn choices.
#pragma once

#include <vector>

#include "nodes/augment/resize.h"
#include "nodes/augment/view_params.h"

namespace flowtrain {

// The plain version: one operation after the other, each rounded to 8 bits, as torchvision does on
// PIL images. One a thread: it keeps memory from view to view.
class ViewMaker {
 public:
  // `image` uint8 [height, width, 3] packed; writes uint8 [size, size, 3] to `to`.
  void Make(const RgbView& image, const ViewParams& view, int blur_kernel, int size, uint8_t* to);

 private:
  ResizeScratch resize_;
  std::vector<uint8_t> blurred_;
};

}  // namespace flowtrain
