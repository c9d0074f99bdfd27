#include "nodes/augment/make_view.h"

#include <cstddef>

#include "nodes/augment/augment_ops.h"

namespace flowtrain {
namespace {

constexpr size_t kChannels = 3;

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

void MakeView(const uint8_t* rgb, int width, const ViewParams& params, int blur_kernel, int size,
              ViewScratch& scratch, uint8_t* out) {
  const size_t row_bytes = static_cast<size_t>(width) * kChannels;
  const RgbRegion crop{rgb + static_cast<size_t>(params.top) * row_bytes +
                           static_cast<size_t>(params.left) * kChannels,
                       row_bytes, params.height, params.width};
  const OutputRange side{size, 0, size};
  scratch.resampler.Resize(crop, side, side, out);

  const RgbBytes view(out, static_cast<size_t>(size) * static_cast<size_t>(size) * kChannels);
  if (params.flip) FlipHorizontal(out, size, size);
  if (params.jitter) Jitter(view, params);
  if (params.grey) ToGrey(view);
  if (params.blur) scratch.blur.Apply(out, size, size, blur_kernel, params.blur_sigma);
}

}  // namespace flowtrain
