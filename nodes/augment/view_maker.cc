#include "nodes/augment/view_maker.h"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <span>

#include "nodes/augment/colour.h"

namespace flowtrain {
namespace {

void Jitter(const ViewParams& view, std::span<uint8_t> rgb) {
  for (const ColourOp op : view.order) {
    switch (op) {
      case ColourOp::kBrightness:
        AdjustBrightness(rgb, view.brightness);
        break;
      case ColourOp::kContrast:
        AdjustContrast(rgb, view.contrast);
        break;
      case ColourOp::kSaturation:
        AdjustSaturation(rgb, view.saturation);
        break;
      case ColourOp::kHue:
        AdjustHue(rgb, view.hue);
        break;
    }
  }
}

}  // namespace

void ViewMaker::Make(const RgbView& image, const ViewParams& view, int blur_kernel, int size,
                     uint8_t* to) {
  const RgbView crop = {image.pixels + static_cast<size_t>(view.top) * image.row_bytes +
                            size_t{3} * static_cast<size_t>(view.left),
                        image.row_bytes, view.height, view.width};
  ResizeBilinear(crop, size, size, resize_, to);
  const std::span rgb(to, size_t{3} * static_cast<size_t>(size) * static_cast<size_t>(size));
  cv::Mat pixels(size, size, CV_8UC3, to);
  if (view.flip) cv::flip(pixels, pixels, 1);
  if (view.jitter) Jitter(view, rgb);
  if (view.grey) MakeGrey(rgb);
  if (!view.blur) return;
  blurred_.resize(rgb.size());
  cv::Mat blurred(size, size, CV_8UC3, blurred_.data());
  // Border without the edge repeated, as torchvision's reflect padding.
  cv::GaussianBlur(pixels, blurred, {blur_kernel, blur_kernel}, view.sigma, view.sigma,
                   cv::BORDER_REFLECT_101);
  blurred.copyTo(pixels);
}

}  // namespace flowtrain
