#include "nodes/augment/view_recipe.h"

#include <array>
#include <string>

#include "nodes/augment/fused_view.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

std::vector<double> Pair(const std::array<double, 2>& range) { return {range[0], range[1]}; }

// Gathers what is wrong with the options, so that all of it is reported at once.
class OptionErrors {
 public:
  explicit OptionErrors(const std::string& resource) : resource_(resource) {}
  void Add(const std::string& option, const std::string& what) {
    Diagnostic& added = errors_.emplace_back();
    added.message = "resource '" + resource_ + "': option '" + option + "' " + what;
  }
  void ThrowIfAny() const {
    if (!errors_.empty()) throw ConfigError(errors_);
  }

 private:
  std::string resource_;
  std::vector<Diagnostic> errors_;
};

std::array<double, 2> ReadRange(const std::string& option, const std::vector<double>& given,
                                OptionErrors& errors) {
  if (given.size() != 2 || !(given[0] > 0) || !(given[0] <= given[1])) {
    errors.Add(option, "must be [low, high] with 0 < low <= high");
    return {1, 1};
  }
  return {given[0], given[1]};
}

}  // namespace

void ViewRecipe::Declare(NodeSpec& spec) {
  const AugmentOptions simclr;
  const Between probability{0, 1};
  using Self = ViewRecipe;
  spec.Doc(
          "How the views of an image are made: random resized crop, flip, colour jitter, "
          "greyscale, "
          "blur, solarize.")
      .Option(&Self::size_, "size", 96, "Side of a view, pixels.", AtLeast{1})
      .Option(&Self::crop_scale_, "crop_scale", Pair(simclr.crop_scale),
              "Area of the crop, [low, high] as a share of the image.", Between{0, 1})
      .Option(&Self::crop_ratio_, "crop_ratio", Pair(simclr.crop_ratio),
              "Width over height of the crop, [low, high].", AtLeast{0})
      .Option(&Self::flip_, "flip", simclr.flip, "Probability of a horizontal flip.", probability)
      .Option(&Self::jitter_, "jitter", simclr.jitter, "Probability of the colour jitter.",
              probability)
      .Option(&Self::brightness_, "brightness", simclr.brightness,
              "Brightness factor is drawn from [max(0, 1 - b), 1 + b].", AtLeast{0})
      .Option(&Self::contrast_, "contrast", simclr.contrast, "The same for contrast.", AtLeast{0})
      .Option(&Self::saturation_, "saturation", simclr.saturation, "The same for saturation.",
              AtLeast{0})
      .Option(&Self::hue_, "hue", simclr.hue, "Turn of the hue circle is drawn from [-h, h].",
              Between{0, 0.5})
      .Option(&Self::grey_, "grey", simclr.grey, "Probability of a greyscale view.", probability)
      .Option(&Self::blur_, "blur", simclr.blur, "Probability of a Gaussian blur.", probability)
      .Option(&Self::blur_kernel_, "blur_kernel", simclr.blur_kernel,
              "Side of the blur's kernel, pixels, odd.", Between{1, 1023})
      .Option(&Self::blur_sigma_, "blur_sigma", Pair(simclr.blur_sigma),
              "Standard deviation of the blur, [low, high], pixels.", AtLeast{0})
      .Option(&Self::solarize_, "solarize", simclr.solarize,
              "Probability that bright values are inverted.", probability)
      .Option(&Self::solarize_threshold_, "solarize_threshold", simclr.solarize_threshold,
              "Values from here on are inverted, 0 to 256.", Between{0, 256})
      .Option(&Self::interpolation_, "interpolation", "bilinear",
              "How the crop is resized, with antialiasing: bilinear, bicubic.",
              OneOf{{"bilinear", "bicubic"}});
}

void ViewRecipe::Open(const OpenContext& context) {
  options_ = CheckedOptions(context.name());
  fused_ = FusedView::Covers(options_, size_);
}

ViewParams ViewRecipe::Draw(const Place& place, int view, int height, int width) const {
  Rng rng({.seed = place.seed,
           .stream = place.epoch,
           .id = place.id,
           .purpose = kView + static_cast<uint32_t>(view)});
  return DrawViewParams(options_, height, width, rng);
}

int ViewRecipe::Halvings(int crop_side, int least) const {
  constexpr int kMost = 3;
  int halvings = 0;
  while (fused_ && halvings < kMost && crop_side >> (halvings + 1) >= least) ++halvings;
  return halvings;
}

AugmentOptions ViewRecipe::CheckedOptions(const std::string& name) const {
  OptionErrors errors(name);
  AugmentOptions options;
  options.crop_scale = ReadRange("crop_scale", crop_scale_, errors);
  options.crop_ratio = ReadRange("crop_ratio", crop_ratio_, errors);
  options.flip = flip_;
  options.jitter = jitter_;
  options.brightness = brightness_;
  options.contrast = contrast_;
  options.saturation = saturation_;
  options.hue = hue_;
  options.grey = grey_;
  options.blur = blur_;
  options.blur_kernel = blur_kernel_;
  options.blur_sigma = ReadRange("blur_sigma", blur_sigma_, errors);
  options.solarize = solarize_;
  options.solarize_threshold = solarize_threshold_;
  if (interpolation_ == "bicubic") options.interpolation = Interpolation::kBicubic;
  if (blur_kernel_ % 2 == 0) {
    errors.Add("blur_kernel", "must be odd, not " + std::to_string(blur_kernel_));
  }
  errors.ThrowIfAny();
  return options;
}

FLOWTRAIN_REGISTER(ViewRecipe);

}  // namespace flowtrain
