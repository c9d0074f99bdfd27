#include "nodes/augment/fused_view.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "nodes/augment/colour_ops.h"

namespace flowtrain {
namespace {

constexpr size_t kChannels = 3;

// The crop along one axis, in pixels of the source.
AxisBox Box(int crop_first, int crop_length, int source_first, int source_length, int shrink) {
  const double first = static_cast<double>(crop_first) / shrink - source_first;
  const double length = static_cast<double>(crop_length) / shrink;
  const int low = std::clamp(static_cast<int>(std::floor(first)), 0, source_length - 1);
  const int high = std::clamp(static_cast<int>(std::ceil(first + length)), low + 1, source_length);
  return {first, length, low, high};
}

void GrowTo(AlignedVector<uint8_t>& bytes, size_t size) {
  if (bytes.size() < size + simd::kSlackBytes) bytes.resize(size + simd::kSlackBytes);
}

simd::Planes PlanesOf(uint8_t* first, size_t pixels) {
  const size_t stride = pixels + simd::kSlackBytes;
  return {first, first + stride, first + 2 * stride};
}
size_t PlanesBytes(size_t pixels) { return kChannels * (pixels + simd::kSlackBytes); }

}  // namespace

bool FusedView::Covers(const AugmentOptions& options, int size) {
  const double most = std::max({options.brightness, options.contrast, options.saturation});
  return size >= simd::kLeastLength && 1 + most < static_cast<double>(kLargestFactor) &&
         options.blur_kernel / 2 <= simd::kMostRadius;
}

void FusedView::Make(const ViewSource& source, const ViewParams& params,
                     const AugmentOptions& options, int size, uint8_t* out) {
  const Turned view = Resize(source, params, options.interpolation, size);
  Colour(view, params);
  if (params.blur) Blur(view, params.blur_sigma, options.blur_kernel, size);
  if (params.solarize) {
    const simd::ColourOp solarize = SolarizeOp(options.solarize_threshold);
    simd::ApplyColour(view.planes, view.pixels, {&solarize, 1}, false);
  }
  Store(view, size, out);
}

FusedView::Turned FusedView::Resize(const ViewSource& source, const ViewParams& params,
                                    Interpolation interpolation, int size) {
  const AxisBox rows = Box(params.top, params.height, source.top, source.height, source.shrink);
  const AxisBox columns = Box(params.left, params.width, source.left, source.width, source.shrink);
  row_taps_.Plan(rows, size, interpolation, false);
  column_taps_.Plan(columns, size, interpolation, params.flip);

  const auto side = static_cast<size_t>(size), pixels = side * side;
  const size_t source_stride = static_cast<size_t>(source.width) * kChannels;
  const size_t wanted = static_cast<size_t>(columns.high - columns.low) * kChannels;
  const size_t length = std::max(wanted, static_cast<size_t>(simd::kLeastLength));
  const uint8_t* first = source.rgb + static_cast<size_t>(rows.low) * source_stride +
                         static_cast<size_t>(columns.low) * kChannels;
  size_t stride = source_stride;
  GrowTo(here_, std::max(side * length, PlanesBytes(pixels)));
  GrowTo(there_, std::max(side * length, PlanesBytes(pixels)));
  if (length != wanted) {  // a crop of a few columns: with room to read beyond them
    const auto height = static_cast<size_t>(rows.high - rows.low);
    GrowTo(there_, height * length);
    for (size_t y = 0; y < height; ++y) {
      std::memcpy(there_.data() + y * length, first + y * source_stride, wanted);
    }
    first = there_.data();
    stride = length;
  }

  // Rows first, on packed pixels; then turned, so that columns have become rows.
  simd::CombineRows(row_taps_.rows(), first, stride, length, here_.data(), length);
  simd::TransposeBytes(here_.data(), length, side, length, there_.data(), side);
  const Turned view{PlanesOf(here_.data(), pixels), pixels};
  const size_t column = kChannels * side;
  const simd::RowTaps taps = column_taps_.rows();
  simd::CombineRows(taps, there_.data(), column, side, view.planes.red, side);
  simd::CombineRows(taps, there_.data() + side, column, side, view.planes.green, side);
  simd::CombineRows(taps, there_.data() + 2 * side, column, side, view.planes.blue, side);
  return view;
}

void FusedView::Colour(const Turned& view, const ViewParams& params) {
  std::array<simd::ColourOp, 8> ops;
  size_t count = 0;
  const auto apply = [&](bool sum_luma) {
    const uint64_t sum = simd::ApplyColour(view.planes, view.pixels, {ops.data(), count}, sum_luma);
    count = 0;
    return sum;
  };
  if (params.jitter) {
    for (const JitterOp op : params.order) {
      if (op == JitterOp::kBrightness) ops[count++] = BrightnessOp(params.brightness);
      if (op == JitterOp::kSaturation) ops[count++] = SaturationOp(params.saturation);
      if (op == JitterOp::kHue && params.hue != 0) ops[count++] = HueOp(params.hue);
      if (op == JitterOp::kContrast) {
        // It needs the mean of all pixels as they are by then.
        const auto mean = static_cast<double>(apply(true)) / static_cast<double>(view.pixels);
        ops[count++] = ContrastOp(params.contrast, static_cast<int>(mean + 0.5));
      }
    }
  }
  if (params.grey) ops[count++] = GreyOp();
  if (count > 0) apply(false);
}

void FusedView::Blur(const Turned& view, float sigma, int kernel, int size) {
  const int radius = kernel / 2;
  double sum = 0;
  const auto gaussian = [sigma](int x) {
    const double scaled = x / static_cast<double>(sigma);
    return std::exp(-0.5 * scaled * scaled);
  };
  for (int x = -radius; x <= radius; ++x) sum += gaussian(x);
  blur_weights_.resize(static_cast<size_t>(radius) + 1);
  for (int x = 0; x <= radius; ++x) {
    const double weight = gaussian(x) / sum * 65536 + 0.5;
    blur_weights_[static_cast<size_t>(x)] = static_cast<uint16_t>(std::min(weight, 65535.0));
  }
  simd::BlurTaps taps{radius, blur_weights_.data()};
  while (taps.radius > 0 && taps.weights[taps.radius] == 0) --taps.radius;

  const auto side = static_cast<size_t>(size);
  padded_.resize(side * simd::PaddedStride(size, radius));
  middle_.resize(side * simd::BlurStride(size));
  for (uint8_t* plane : {view.planes.red, view.planes.green, view.planes.blue}) {
    simd::BlurPlane(taps, plane, size, size, padded_.data(), middle_.data());
  }
}

void FusedView::Store(const Turned& view, int size, uint8_t* out) {
  const auto side = static_cast<size_t>(size);
  const simd::Planes upright = PlanesOf(there_.data(), view.pixels);
  simd::TransposeBytes(view.planes.red, side, side, side, upright.red, side);
  simd::TransposeBytes(view.planes.green, side, side, side, upright.green, side);
  simd::TransposeBytes(view.planes.blue, side, side, side, upright.blue, side);
  simd::InterleaveRgb(upright.red, upright.green, upright.blue, view.pixels, out);
}

}  // namespace flowtrain
