#include "nodes/augment/dual_view_augment.h"

#include <opencv2/core.hpp>
#include <string>

#include "pipeline/error.h"
#include "pipeline/registry.h"

namespace flowtrain {
namespace {

void ReadRange(const std::vector<double>& range, const char* name, double& low, double& high) {
  if (range.size() != 2 || range[0] > range[1] || range[0] <= 0) {
    throw ConfigError(std::string("augment: ") + name +
                      " takes two numbers above 0, the smaller one first");
  }
  low = range[0];
  high = range[1];
}

}  // namespace

void DualViewAugment::Declare(NodeSpec& spec) {
  using A = DualViewAugment;
  const Between probability{0, 1};
  spec.Doc("Makes the two SimCLR views of a decoded image.")
      .Input("images", Stream::kSample)
      .Output("rows", Stream::kSample)
      .Option(&A::size_, "size", 96, "Side of the square view, pixels.", AtLeast{1})
      .Option(&A::crop_scale_, "crop_scale", std::vector<double>{0.2, 1.0},
              "Area of the crop, smallest and largest share of the image.", Between{0, 1})
      .Option(&A::crop_ratio_, "crop_ratio", std::vector<double>{0.75, 4.0 / 3},
              "Width over height of the crop, smallest and largest.", AtLeast{0})
      .Option(&A::flip_, "flip", 0.5, "Probability of a horizontal flip.", probability)
      .Option(&A::jitter_, "jitter", 0.8, "Probability of the colour jitter.", probability)
      .Option(&A::brightness_, "brightness", 0.4, "Factor from [1 - b, 1 + b].", AtLeast{0})
      .Option(&A::contrast_, "contrast", 0.4, "Factor from [1 - c, 1 + c].", AtLeast{0})
      .Option(&A::saturation_, "saturation", 0.4, "Factor from [1 - s, 1 + s].", AtLeast{0})
      .Option(&A::hue_, "hue", 0.1, "Turn of the hue circle from [-h, h].", Between{0, 0.5})
      .Option(&A::grey_, "grey", 0.2, "Probability of a greyscale view.", probability)
      .Option(&A::blur_, "blur", 0.5, "Probability of a Gaussian blur.", probability)
      .Option(&A::blur_kernel_, "blur_kernel", 9, "Of the blur, pixels, odd.", Between{1, 99})
      .Option(&A::blur_sigma_, "blur_sigma", std::vector<double>{0.1, 2.0},
              "Deviation of the blur, smallest and largest, pixels.", AtLeast{0});
}

void DualViewAugment::Open(const OpenContext& context) {
  const auto side = static_cast<size_t>(size_);
  if (context.layout().view_bytes != 3 * side * side) {
    throw ConfigError("'" + context.name() + "' makes views of " + std::to_string(size_) + "x" +
                      std::to_string(size_) + " pixels, but a row of the batch has room for " +
                      std::to_string(context.layout().view_bytes) +
                      " bytes: its size and the stage node's image_size must be equal");
  }
  if (blur_kernel_ % 2 == 0) throw ConfigError("augment: blur_kernel must be odd");
  ReadRange(crop_scale_, "crop_scale", augment_.crop_scale_low, augment_.crop_scale_high);
  ReadRange(crop_ratio_, "crop_ratio", augment_.crop_ratio_low, augment_.crop_ratio_high);
  ReadRange(blur_sigma_, "blur_sigma", augment_.blur_sigma_low, augment_.blur_sigma_high);
  augment_.flip = flip_;
  augment_.jitter = jitter_;
  augment_.brightness = brightness_;
  augment_.contrast = contrast_;
  augment_.saturation = saturation_;
  augment_.hue = hue_;
  augment_.grey = grey_;
  augment_.blur = blur_;
  augment_.blur_kernel = blur_kernel_;
  makers_.resize(static_cast<size_t>(context.workers()));
  cv::setNumThreads(1);  // the workers are the threads
}

Outcome DualViewAugment::Process(Sample& sample, Worker& worker) {
  ViewMaker& maker = makers_[static_cast<size_t>(worker.index)];
  const RgbView image = {sample.pixels.data(), size_t{3} * static_cast<size_t>(sample.width),
                         sample.height, sample.width};
  for (int view = 0; view < 2; ++view) {
    Rng rng({.seed = sample.seed,
             .stream = sample.epoch,
             .id = sample.id,
             .purpose = kView + static_cast<uint32_t>(view)});
    const ViewParams params = DrawViewParams(augment_, sample.height, sample.width, rng);
    maker.Make(image, params, blur_kernel_, size_, sample.batch->Row(view, sample.row));
  }
  return Ok();
}

FLOWTRAIN_REGISTER_NODE(DualViewAugment);

}  // namespace flowtrain
