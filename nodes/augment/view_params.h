// The random choices of one view, drawn apart from being carried out.
#pragma once

#include <array>
#include <cstdint>

#include "pipeline/philox.h"

namespace flowtrain {

// SimCLR's recipe (Chen et al. 2020, appendix A), with torchvision's definitions of each operation.
struct AugmentOptions {
  double crop_scale_low = 0.2, crop_scale_high = 1;  // area of the crop, share of the image
  double crop_ratio_low = 3.0 / 4, crop_ratio_high = 4.0 / 3;  // width over height
  double flip = 0.5;                                           // probability
  double jitter = 0.8;                                         // probability
  double brightness = 0.4, contrast = 0.4, saturation = 0.4;   // factor from [max(0, 1 - b), 1 + b]
  double hue = 0.1;                                  // turn of the hue circle, from [-h, h]
  double grey = 0.2;                                 // probability
  double blur = 0.5;                                 // probability
  int blur_kernel = 9;                               // pixels, odd
  double blur_sigma_low = 0.1, blur_sigma_high = 2;  // pixels
};

enum class ColourOp : uint8_t { kBrightness, kContrast, kSaturation, kHue };

struct ViewParams {
  int left = 0, top = 0, width = 0, height = 0;  // of the crop, pixels
  bool flip = false, jitter = false, grey = false, blur = false;
  std::array<ColourOp, 4> order{};  // of the jitter
  float brightness = 1, contrast = 1, saturation = 1, hue = 0;
  float sigma = 1;
};

// Draws the choices for a view of an image of that size. Every choice is drawn whether or not it is
// used, the crop (whose draws are many or few) last: so an option's value changes no other choice.
ViewParams DrawViewParams(const AugmentOptions& options, int image_height, int image_width,
                          Rng& rng);

}  // namespace flowtrain
