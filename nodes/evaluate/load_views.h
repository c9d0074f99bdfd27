// The views that images are evaluated with.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nodes/data/image_set.h"

namespace flowtrain {

// What became of an image.
struct LoadedView {
  int64_t label = -1;
  std::string why;  // why it cannot be used; empty: it can
};

// The images at `indices`, resized and cropped to their centres (CenterView), as uint8
// [N, size, size, 3] on the host; `loaded` gets an entry for each. Decodes on TBB's threads. Throws
// DataError where the set as a whole has become unreadable.
at::Tensor LoadViews(const LabelledImages& images, std::span<const uint64_t> indices, int size,
                     int64_t max_pixels, std::vector<LoadedView>& loaded);

}  // namespace flowtrain
