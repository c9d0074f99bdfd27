// Makes one view of an image from its drawn parameters.
#pragma once

#include <cstdint>

#include "nodes/augment/gaussian_blur.h"
#include "nodes/augment/resample.h"
#include "nodes/augment/view_params.h"

namespace flowtrain {

// What a thread needs to make views; grows to the largest image it has seen.
struct ViewScratch {
  Resampler resampler;
  GaussianBlur blur;
};

// Writes the view of a packed height x width RGB image to `out`, size x size packed RGB: crop
// resized, flip, colour jitter, grey, blur. `blur_kernel` is in pixels of the view.
void MakeView(const uint8_t* rgb, int width, const ViewParams& params, int blur_kernel, int size,
              ViewScratch& scratch, uint8_t* out);

}  // namespace flowtrain
