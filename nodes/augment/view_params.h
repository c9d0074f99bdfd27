// What is random about a view, drawn apart from its making: any implementation of the image
// operations that is given the same parameters makes the same view.
#pragma once

#include <array>
#include <cstdint>

#include "nodes/image/filter.h"
#include "pipeline/base/philox.h"

namespace flowtrain {

template <typename S>
class OptionsOf;

// SimCLR's recipe (Chen, Kornblith, Norouzi, Hinton: "A Simple Framework for Contrastive Learning
// of Visual Representations", ICML 2020, appendix A). Ranges are {low, high}.
struct AugmentOptions {
  std::array<double, 2> crop_scale{0.2, 1.0};         // area of the crop, share of the image
  std::array<double, 2> crop_ratio{0.75, 4.0 / 3.0};  // width over height of the crop
  double flip = 0.5;                                  // probability
  double jitter = 0.8;                                // probability
  double brightness = 0.4;                            // factor from [max(0, 1 - b), 1 + b]
  double contrast = 0.4;
  double saturation = 0.4;
  double hue = 0.1;                            // turn of the hue circle, from [-h, h]
  double grey = 0.2;                           // probability
  double blur = 0.5;                           // probability
  int blur_kernel = 9;                         // pixels, odd
  std::array<double, 2> blur_sigma{0.1, 2.0};  // pixels
  double solarize = 0;                         // probability (BYOL and later methods)
  int solarize_threshold = 128;                // values from here on are inverted
  Interpolation interpolation = Interpolation::kBilinear;

  static void Declare(OptionsOf<AugmentOptions>& options);
};

enum class JitterOp : uint8_t { kBrightness, kContrast, kSaturation, kHue };

// One view of one image, in the order in which it is applied.
struct ViewParams {
  int top = 0, left = 0, height = 1, width = 1;  // the crop, pixels of the image
  bool flip = false;
  bool jitter = false;
  std::array<JitterOp, 4> order{};
  float brightness = 1, contrast = 1, saturation = 1;  // factors
  float hue = 0;                                       // turns
  bool grey = false;
  bool blur = false;
  float blur_sigma = 1;  // pixels
  bool solarize = false;
};

// Draws the parameters of a view of a height x width image (both at least 1). The crop is
// torchvision's RandomResizedCrop.get_params: up to ten attempts of an area and a log-uniform
// ratio, then the largest central crop whose ratio is in range.
//
// Takes kViewDraws words of `rng`, always the same ones for the same parameter, whether or not it
// is used: turning an option off leaves all other parameters as they were.
ViewParams DrawViewParams(const AugmentOptions& options, int height, int width, Rng& rng);
inline constexpr int kViewDraws = 33;

// No crop drawn from a height x width image has a shorter side than this, in pixels.
int LeastCropSide(const AugmentOptions& options, int height, int width);

}  // namespace flowtrain
