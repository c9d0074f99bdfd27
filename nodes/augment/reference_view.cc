#include "nodes/augment/reference_view.h"

#include <cstddef>

#include "nodes/augment/augment_ops.h"
#include "nodes/image/rgb_image.h"

namespace flowtrain {
namespace {

void Jitter(RgbBytes view, const ViewParams& params) {
  for (const JitterOp op : params.order) {
    switch (op) {
      case JitterOp::kBrightness:
        AdjustBrightness(view, params.brightness);
        break;
      case JitterOp::kContrast:
        AdjustContrast(view, params.contrast);
        break;
      case JitterOp::kSaturation:
        AdjustSaturation(view, params.saturation);
        break;
      case JitterOp::kHue:
        ShiftHue(view, params.hue);
        break;
    }
  }
}

}  // namespace

void ReferenceView::Make(const ViewSource& source, const ViewParams& params,
                         const AugmentOptions& options, int size, uint8_t* out) {
  const size_t row_bytes = static_cast<size_t>(source.width) * kChannels;
  const auto top = static_cast<size_t>(params.top - source.top);
  const auto left = static_cast<size_t>(params.left - source.left);
  const RgbRegion crop{source.pixels + top * row_bytes + left * kChannels, row_bytes, params.height,
                       params.width};
  const OutputRange side{size, 0, size};
  resampler_.Resize(crop, side, side, out, options.interpolation);

  const RgbBytes view(out, static_cast<size_t>(size) * static_cast<size_t>(size) * kChannels);
  if (params.flip) FlipHorizontal(out, size, size);
  if (params.jitter) Jitter(view, params);
  if (params.grey) ToGrey(view);
  if (params.blur) blur_.Apply(out, size, size, options.blur_kernel, params.blur_sigma);
  if (params.solarize) Solarize(view, options.solarize_threshold);
}

}  // namespace flowtrain
