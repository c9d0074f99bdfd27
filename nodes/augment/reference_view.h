// Makes one view of an image from its drawn parameters, operation by operation, byte for byte as
// torchvision does with Pillow's images: what FusedView is tested against, and what makes the views
// that it does not cover.
#pragma once

#include <cstdint>

#include "nodes/augment/gaussian_blur.h"
#include "nodes/augment/view_params.h"
#include "nodes/augment/view_source.h"
#include "nodes/image/resample.h"

namespace flowtrain {

// Keeps its scratch from call to call. Not thread-safe.
class ReferenceView {
 public:
  // Writes size x size packed RGB to `out`: crop resized, flip, colour jitter, grey, blur,
  // solarize. The source is not reduced (shrink is 1); the blur's kernel is in pixels of the view.
  void Make(const ViewSource& source, const ViewParams& params, const AugmentOptions& options,
            int size, uint8_t* out);

 private:
  Resampler resampler_;
  GaussianBlur blur_;
};

}  // namespace flowtrain
