#include "nodes/augment/view_params.h"

#include <algorithm>
#include <cmath>

#include "pipeline/node/options.h"

namespace flowtrain {
namespace {

constexpr int kAttempts = 10;

struct Extent {
  int height, width;
};

// Uniform in [0, n) from one word. Rng::Below takes a varying number of words; the bias of n / 2^32
// is far below what a position needs.
int BelowFromOneWord(Rng& rng, int n) {
  return static_cast<int>((uint64_t{rng.NextUint32()} * static_cast<uint64_t>(n)) >> 32);
}

double UniformIn(Rng& rng, double low, double high) {
  return low + (high - low) * static_cast<double>(rng.Uniform());
}

bool Happens(Rng& rng, double probability) {
  return static_cast<double>(rng.Uniform()) < probability;
}

// Half to even, as Python's round.
int Round(double value) { return static_cast<int>(std::nearbyint(value)); }

// The whole image, or the largest central part of it with the nearest ratio in range.
Extent CentralExtent(const AugmentOptions& options, int height, int width) {
  const auto [low, high] = options.crop_ratio;
  const double ratio = static_cast<double>(width) / height;
  if (ratio < low) return {std::clamp(Round(width / low), 1, height), width};
  if (ratio > high) return {height, std::clamp(Round(height * high), 1, width)};
  return {height, width};
}

void DrawCrop(const AugmentOptions& options, int height, int width, Rng& rng, ViewParams& params) {
  const double area = static_cast<double>(height) * width;
  const double log_low = std::log(options.crop_ratio[0]);
  const double log_high = std::log(options.crop_ratio[1]);
  bool found = false;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const double target = area * UniformIn(rng, options.crop_scale[0], options.crop_scale[1]);
    const double log_ratio = UniformIn(rng, log_low, log_high);
    if (found) continue;  // its words are taken anyway
    const double ratio = std::exp(log_ratio);
    const int w = Round(std::sqrt(target * ratio));
    const int h = Round(std::sqrt(target / ratio));
    if (w < 1 || w > width || h < 1 || h > height) continue;
    found = true;
    params.height = h;
    params.width = w;
  }
  if (!found) {
    const Extent central = CentralExtent(options, height, width);
    params.height = central.height;
    params.width = central.width;
  }
  const int spare_rows = height - params.height, spare_columns = width - params.width;
  params.top = BelowFromOneWord(rng, spare_rows + 1);
  params.left = BelowFromOneWord(rng, spare_columns + 1);
  if (!found) {
    params.top = spare_rows / 2;
    params.left = spare_columns / 2;
  }
}

// One of the 24 orders of four from one word: a Fisher-Yates shuffle whose choices are the digits
// of the order's number.
std::array<JitterOp, 4> DrawOrder(Rng& rng) {
  std::array<JitterOp, 4> order{JitterOp::kBrightness, JitterOp::kContrast, JitterOp::kSaturation,
                                JitterOp::kHue};
  int number = BelowFromOneWord(rng, 24);
  for (int left = 4; left > 1; --left) {
    std::swap(order[static_cast<size_t>(left - 1)], order[static_cast<size_t>(number % left)]);
    number /= left;
  }
  return order;
}

float DrawFactor(Rng& rng, double spread) {
  return static_cast<float>(UniformIn(rng, std::max(0.0, 1.0 - spread), 1.0 + spread));
}

}  // namespace

void AugmentOptions::Declare(OptionsOf<AugmentOptions>& options) {
  using Self = AugmentOptions;
  const Between probability{0, 1};
  options
      .Option(&Self::crop_scale, "crop_scale",
              "Area of the crop, [low, high] as a share of the image.", Between{0, 1},
              PositiveRange{})
      .Option(&Self::crop_ratio, "crop_ratio", "Width over height of the crop, [low, high].",
              PositiveRange{})
      .Option(&Self::flip, "flip", "Probability of a horizontal flip.", probability)
      .Option(&Self::jitter, "jitter", "Probability of the colour jitter.", probability)
      .Option(&Self::brightness, "brightness",
              "Brightness factor is drawn from [max(0, 1 - b), 1 + b].", AtLeast{0})
      .Option(&Self::contrast, "contrast", "Contrast factor, drawn in the same way.", AtLeast{0})
      .Option(&Self::saturation, "saturation", "Saturation factor, drawn in the same way.",
              AtLeast{0})
      .Option(&Self::hue, "hue", "Hue shift, in turns of the hue circle, is drawn from [-h, h].",
              Between{0, 0.5})
      .Option(&Self::grey, "grey", "Probability of a greyscale view.", probability)
      .Option(&Self::blur, "blur", "Probability of a Gaussian blur.", probability)
      .Option(&Self::blur_kernel, "blur_kernel", "Side of the blur's kernel, pixels, odd.",
              Between{1, 1023}, Odd{})
      .Option(&Self::blur_sigma, "blur_sigma",
              "Standard deviation of the blur, [low, high], pixels.", PositiveRange{})
      .Option(&Self::solarize, "solarize", "Probability that bright values are inverted.",
              probability)
      .Option(&Self::solarize_threshold, "solarize_threshold",
              "Values from here on are inverted, 0 to 256.", Between{0, 256})
      .Option(&Self::interpolation, "interpolation", "How the crop is resized, with antialiasing.",
              Choices<Interpolation>{
                  {{"bilinear", Interpolation::kBilinear}, {"bicubic", Interpolation::kBicubic}}});
}

ViewParams DrawViewParams(const AugmentOptions& options, int height, int width, Rng& rng) {
  ViewParams params;
  DrawCrop(options, height, width, rng, params);
  params.flip = Happens(rng, options.flip);
  params.jitter = Happens(rng, options.jitter);
  params.order = DrawOrder(rng);
  params.brightness = DrawFactor(rng, options.brightness);
  params.contrast = DrawFactor(rng, options.contrast);
  params.saturation = DrawFactor(rng, options.saturation);
  params.hue = static_cast<float>(UniformIn(rng, -options.hue, options.hue));
  params.grey = Happens(rng, options.grey);
  params.blur = Happens(rng, options.blur);
  params.blur_sigma =
      static_cast<float>(UniformIn(rng, options.blur_sigma[0], options.blur_sigma[1]));
  params.solarize = Happens(rng, options.solarize);
  return params;
}

int LeastCropSide(const AugmentOptions& options, int height, int width) {
  const Extent central = CentralExtent(options, height, width);
  const double narrowest = std::min(options.crop_ratio[0], 1 / options.crop_ratio[1]);
  const double area = static_cast<double>(height) * width * options.crop_scale[0];
  // Sides are rounded to the nearest, so none is below what is rounded down here.
  const int drawn = std::max(1, static_cast<int>(std::sqrt(area * narrowest)));
  return std::min({drawn, central.height, central.width});
}

}  // namespace flowtrain
