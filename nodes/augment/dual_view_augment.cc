#include "nodes/augment/dual_view_augment.h"

#include <stdexcept>
#include <string>

#include "pipeline/error.h"
#include "pipeline/registry.h"

namespace flowtrain {
namespace {

constexpr size_t kChannels = 3;

std::vector<double> Pair(const std::array<double, 2>& range) { return {range[0], range[1]}; }

// Gathers what is wrong with the options, so that all of it is reported at once.
class OptionErrors {
 public:
  explicit OptionErrors(const std::string& node) : node_(node) {}
  void Add(const std::string& option, const std::string& what) {
    Diagnostic& added = errors_.emplace_back();
    added.message = "node '" + node_ + "': option '" + option + "' " + what;
  }
  void ThrowIfAny() const {
    if (!errors_.empty()) throw ConfigError(errors_);
  }

 private:
  std::string node_;
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

void DualViewAugment::Declare(NodeSpec& spec) {
  const AugmentOptions simclr;
  const Between probability{0, 1};
  using Self = DualViewAugment;
  spec.Doc("Makes the two SimCLR views of a decoded image.")
      .Input("images", Stream::kSample)
      .Output("rows", Stream::kSample)
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
              "Side of the blur's kernel, pixels, odd.", AtLeast{1})
      .Option(&Self::blur_sigma_, "blur_sigma", Pair(simclr.blur_sigma),
              "Standard deviation of the blur, [low, high], pixels.", AtLeast{0});
}

void DualViewAugment::Open(const OpenContext& context) {
  options_ = CheckedOptions(context.name());
  const size_t bytes = static_cast<size_t>(size_) * static_cast<size_t>(size_) * kChannels;
  if (bytes != context.layout().view_bytes) {
    throw ConfigError("node '" + context.name() + "': option 'size' is " + std::to_string(size_) +
                      ", a view of " + std::to_string(bytes) + " bytes, but option 'image_size' " +
                      "of the node that collates batches makes room for " +
                      std::to_string(context.layout().view_bytes) +
                      "; give both options the same value");
  }
  scratch_.resize(static_cast<size_t>(context.workers()));
}

AugmentOptions DualViewAugment::CheckedOptions(const std::string& node) const {
  OptionErrors errors(node);
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
  if (blur_kernel_ % 2 == 0) {
    errors.Add("blur_kernel", "must be odd, not " + std::to_string(blur_kernel_));
  }
  errors.ThrowIfAny();
  return options;
}

Outcome DualViewAugment::Process(Sample& sample, Worker& worker) {
  const auto pixels = static_cast<size_t>(sample.height) * static_cast<size_t>(sample.width);
  if (pixels == 0 || sample.pixels.size() != pixels * kChannels) {
    throw std::logic_error("the sample has no pixels: a node that decodes must come before");
  }
  ViewScratch& scratch = scratch_[static_cast<size_t>(worker.index)];
  for (int view = 0; view < sample.batch->layout.views; ++view) {
    Rng rng({.seed = sample.seed,
             .stream = sample.epoch,
             .id = sample.id,
             .purpose = kView + static_cast<uint32_t>(view)});
    const ViewParams params = DrawViewParams(options_, sample.height, sample.width, rng);
    MakeView(sample.pixels.data(), sample.width, params, options_.blur_kernel, size_, scratch,
             sample.batch->Row(view, sample.row));
  }
  return Ok();
}

FLOWTRAIN_REGISTER_NODE(DualViewAugment);

}  // namespace flowtrain
