#include "nodes/augment/view_params.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace flowtrain {
namespace {

constexpr int kCropAttempts = 10;  // torchvision's

float Factor(double strength, Rng& rng) {
  return rng.Uniform(static_cast<float>(std::max(0.0, 1 - strength)),
                     static_cast<float>(1 + strength));
}

std::array<ColourOp, 4> DrawOrder(Rng& rng) {
  std::array<ColourOp, 4> order = {ColourOp::kBrightness, ColourOp::kContrast,
                                   ColourOp::kSaturation, ColourOp::kHue};
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng.Below(i)]);
  return order;
}

int Rounded(double value) { return static_cast<int>(std::nearbyint(value)); }

// What torchvision falls back on: as much of the image's centre as the ratios allow.
void TakeCentre(const AugmentOptions& options, int image_height, int image_width,
                ViewParams& view) {
  view.width = image_width;
  view.height = image_height;
  const double ratio = static_cast<double>(image_width) / image_height;
  if (ratio < options.crop_ratio_low) view.height = Rounded(image_width / options.crop_ratio_low);
  if (ratio > options.crop_ratio_high) view.width = Rounded(image_height * options.crop_ratio_high);
  view.width = std::clamp(view.width, 1, image_width);
  view.height = std::clamp(view.height, 1, image_height);
  view.top = (image_height - view.height) / 2;
  view.left = (image_width - view.width) / 2;
}

// torchvision's RandomResizedCrop.get_params.
void DrawCrop(const AugmentOptions& options, int image_height, int image_width, Rng& rng,
              ViewParams& view) {
  const double area = static_cast<double>(image_height) * image_width;
  const auto log_low = static_cast<float>(std::log(options.crop_ratio_low));
  const auto log_high = static_cast<float>(std::log(options.crop_ratio_high));
  for (int attempt = 0; attempt < kCropAttempts; ++attempt) {
    const double target = area * rng.Uniform(static_cast<float>(options.crop_scale_low),
                                             static_cast<float>(options.crop_scale_high));
    const double ratio = std::exp(rng.Uniform(log_low, log_high));
    const int width = Rounded(std::sqrt(target * ratio));
    const int height = Rounded(std::sqrt(target / ratio));
    if (width < 1 || width > image_width || height < 1 || height > image_height) continue;
    view.width = width;
    view.height = height;
    view.top = static_cast<int>(rng.Below(static_cast<uint64_t>(image_height - height) + 1));
    view.left = static_cast<int>(rng.Below(static_cast<uint64_t>(image_width - width) + 1));
    return;
  }
  TakeCentre(options, image_height, image_width, view);
}

}  // namespace

ViewParams DrawViewParams(const AugmentOptions& options, int image_height, int image_width,
                          Rng& rng) {
  ViewParams view;
  view.flip = rng.Bernoulli(static_cast<float>(options.flip));
  view.jitter = rng.Bernoulli(static_cast<float>(options.jitter));
  view.grey = rng.Bernoulli(static_cast<float>(options.grey));
  view.blur = rng.Bernoulli(static_cast<float>(options.blur));
  view.brightness = Factor(options.brightness, rng);
  view.contrast = Factor(options.contrast, rng);
  view.saturation = Factor(options.saturation, rng);
  view.hue = rng.Uniform(static_cast<float>(-options.hue), static_cast<float>(options.hue));
  view.sigma = rng.Uniform(static_cast<float>(options.blur_sigma_low),
                           static_cast<float>(options.blur_sigma_high));
  view.order = DrawOrder(rng);
  DrawCrop(options, image_height, image_width, rng, view);
  return view;
}

}  // namespace flowtrain
