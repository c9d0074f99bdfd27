#include "nodes/augment/fused_view.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "nodes/augment/colour_ops.h"
#include "nodes/image/rgb_image.h"

namespace flowtrain {
namespace {

// The crop along one axis, in pixels of the source.
AxisBox Box(int crop_first, int crop_length, int source_first, int source_length, int shrink) {
  const double first = static_cast<double>(crop_first) / shrink - source_first;
  const double length = static_cast<double>(crop_length) / shrink;
  const int low = std::clamp(static_cast<int>(std::floor(first)), 0, source_length - 1);
  const int high = std::clamp(static_cast<int>(std::ceil(first + length)), low + 1, source_length);
  return {first, length, low, high};
}

// Scratch never shrinks: views of several sizes alternate, and what a vector gains is cleared.
template <typename T>
void GrowTo(AlignedVector<T>& scratch, size_t size) {
  if (scratch.size() < size) scratch.resize(size);
}

simd::Planes PlanesOf(uint8_t* first, size_t pixels) {
  const size_t stride = pixels + simd::kSlackBytes;
  return {first, first + stride, first + 2 * stride};
}

void AddSolarize(const ViewParams& params, const AugmentOptions& options, ColourOps& ops) {
  if (params.solarize && options.solarize_threshold <= 255) {
    ops.Add(SolarizeOp(options.solarize_threshold));
  }
}

}  // namespace

bool FusedView::Covers(const AugmentOptions& options, int size) {
  const double most = std::max({options.brightness, options.contrast, options.saturation});
  return size >= simd::kLeastLength && 1 + most < static_cast<double>(kLargestFactor) &&
         options.blur_kernel / 2 <= simd::kMostRadius;
}

void FusedView::Make(const ViewSource& source, const ViewParams& params,
                     const AugmentOptions& options, int size, uint8_t* out) {
  Resized view = Resize(source, params, options.interpolation, size);
  ColourOps ops = Jitter(view, params);
  if (params.blur) {
    ops.TakeAll().Apply(view.planes, view.pixels);
    Blur(view, PlanBlur(params.blur_sigma, options.blur_kernel / 2), size);
  }
  AddSolarize(params, options, ops);
  ops.Apply(view.planes, view.pixels);
  TurnUpright(view, size);
  simd::InterleaveRgb(view.planes.red, view.planes.green, view.planes.blue, view.pixels, out);
}

// What is done last goes with the storing, a part of the view at a time. A blur would not make the
// same bytes of the view turned upright, so it must come before that.
void FusedView::Make(const ViewSource& source, const ViewParams& params,
                     const AugmentOptions& options, int size, const ViewValues& out) {
  Resized view = Resize(source, params, options.interpolation, size);
  ColourOps ops = Jitter(view, params);
  simd::BlurTaps taps;
  if (params.blur) {
    ops.TakeAll().Apply(view.planes, view.pixels);
    taps = PlanBlur(params.blur_sigma, options.blur_kernel / 2);
    if (!view.upright) Blur(view, std::exchange(taps, {}), size);
  }
  AddSolarize(params, options, ops);
  TurnUpright(view, size);
  StoreInParts(view, ops, taps, size, out);
}

FusedView::Resized FusedView::Resize(const ViewSource& source, const ViewParams& params,
                                     Interpolation interpolation, int size) {
  const Crop crop{Box(params.top, params.height, source.top, source.height, source.shrink),
                  Box(params.left, params.width, source.left, source.width, source.shrink)};
  row_taps_.Reserve(source.height, size, interpolation);
  column_taps_.Reserve(source.width, size, interpolation);
  row_taps_.Plan(crop.rows, size, interpolation, false);
  column_taps_.Plan(crop.columns, size, interpolation, params.flip);
  const size_t pixels = static_cast<size_t>(size) * static_cast<size_t>(size);
  const bool upright = source.layout == PixelLayout::kColumnPlanes;
  GrowTo(planes_, (kChannels + 1) * (pixels + simd::kSlackBytes));
  const Resized view{PlanesOf(planes_.data(), pixels), pixels, upright};
  if (upright) {
    ResizeColumnPlanes(source, crop, size, view.planes);
  } else {
    ResizeRgb(source, crop, size, view.planes);
  }
  return view;
}

// For the longest crop the source has, so that they seldom grow again.
void FusedView::GrowForLinesOf(size_t length, size_t side) {
  const size_t longest = std::max(length, static_cast<size_t>(simd::kLeastLength));
  GrowTo(combined_, side * longest);
  GrowTo(turned_, side * longest);
}

// Rows first, on packed pixels; then transposed, so that columns become rows.
void FusedView::ResizeRgb(const ViewSource& source, const Crop& crop, int size,
                          const simd::Planes& planes) {
  const Lines lines =
      lines_.Take({.first = source.pixels, .stride = static_cast<size_t>(source.width) * kChannels},
                  crop.rows, crop.columns, kChannels);
  const auto side = static_cast<size_t>(size);
  GrowForLinesOf(static_cast<size_t>(source.width) * kChannels, side);
  simd::CombineRows(row_taps_.rows(), lines.first, lines.stride, lines.length, combined_.data(),
                    lines.length);
  simd::TransposeBytes(combined_.data(), lines.length, side, lines.length, turned_.data(), side);
  const uint8_t* column = turned_.data();
  for (uint8_t* plane : {planes.red, planes.green, planes.blue}) {
    simd::CombineRows(column_taps_.rows(), column, kChannels * side, side, plane, side);
    column += side;
  }
}

// Columns first, which are stored as rows are; then transposed, so that rows become rows again.
void FusedView::ResizeColumnPlanes(const ViewSource& source, const Crop& crop, int size,
                                   const simd::Planes& planes) {
  const auto height = static_cast<size_t>(source.height), side = static_cast<size_t>(size);
  GrowForLinesOf(height, side);
  const size_t plane_bytes = height * static_cast<size_t>(source.width);
  const uint8_t* from = source.pixels;
  for (uint8_t* plane : {planes.red, planes.green, planes.blue}) {
    const Lines lines = lines_.Take({.first = from, .stride = height}, crop.columns, crop.rows, 1);
    simd::CombineRows(column_taps_.rows(), lines.first, lines.stride, lines.length,
                      combined_.data(), lines.length);
    simd::TransposeBytes(combined_.data(), lines.length, side, lines.length, turned_.data(), side);
    simd::CombineRows(row_taps_.rows(), turned_.data(), side, side, plane, side);
    from += plane_bytes;
  }
}

// Applies what the mean of the whole view depends on, and returns the rest.
ColourOps FusedView::Jitter(const Resized& view, const ViewParams& params) {
  ColourOps ops;
  if (params.jitter) {
    for (const JitterOp op : params.order) {
      if (op == JitterOp::kBrightness) ops.Add(BrightnessOp(params.brightness));
      if (op == JitterOp::kSaturation) ops.Add(SaturationOp(params.saturation));
      if (op == JitterOp::kHue && params.hue != 0) ops.Add(HueOp(params.hue));
      if (op == JitterOp::kContrast) {
        // It needs the mean of all pixels as they are at this point.
        const auto sum =
            static_cast<double>(ops.TakeAll().ApplyAndSumLuma(view.planes, view.pixels));
        const double mean = sum / static_cast<double>(view.pixels);
        ops.Add(ContrastOp(params.contrast, static_cast<int>(mean + 0.5)));
      }
    }
  }
  if (params.grey) ops.Add(GreyOp());
  return ops;
}

// The samples of the Gaussian at 0, 1, … radius, normalised over both sides. Those that could not
// change a byte by a quarter of a level are left out, and their weight goes to the centre.
simd::BlurTaps FusedView::PlanBlur(float sigma, int radius) {
  constexpr double kLeastWeight = 1.0 / 1024;
  gaussian_.resize(static_cast<size_t>(radius) + 1);
  blur_weights_.resize(gaussian_.size());
  double sum = 0;
  for (int x = 0; x <= radius; ++x) {
    const double scaled = x / static_cast<double>(sigma);
    const double sample = std::exp(-0.5 * scaled * scaled);
    gaussian_[static_cast<size_t>(x)] = sample;
    sum += x == 0 ? sample : 2 * sample;
  }
  while (radius > 0 && gaussian_[static_cast<size_t>(radius)] < kLeastWeight * sum) --radius;
  int centre = 1 << 16;
  for (int x = 1; x <= radius; ++x) {
    const auto at = static_cast<size_t>(x);
    const int weight = static_cast<int>(gaussian_[at] / sum * (1 << 16) + 0.5);
    blur_weights_[at] = static_cast<uint16_t>(weight);
    centre -= 2 * weight;
  }
  blur_weights_[0] = static_cast<uint16_t>(std::min(centre, 0xFFFF));
  return {radius, blur_weights_.data()};
}

// Each plane goes to the place of the one before, which is free by then, and the first to a fourth.
void FusedView::Blur(Resized& view, const simd::BlurTaps& taps, int size) {
  if (taps.radius == 0) return;
  GrowTo(blur_scratch_, simd::BlurScratch(size));
  uint8_t* free = planes_.data() + kChannels * (view.pixels + simd::kSlackBytes);
  for (uint8_t** plane : {&view.planes.red, &view.planes.green, &view.planes.blue}) {
    simd::BlurRows(taps, *plane, size, size, 0, size, blur_scratch_.data(), free);
    std::swap(*plane, free);
  }
}

void FusedView::TurnUpright(Resized& view, int size) {
  if (view.upright) return;
  const auto side = static_cast<size_t>(size);
  GrowTo(turned_, kChannels * (view.pixels + simd::kSlackBytes));
  const simd::Planes upright = PlanesOf(turned_.data(), view.pixels);
  simd::TransposeBytes(view.planes.red, side, side, side, upright.red, side);
  simd::TransposeBytes(view.planes.green, side, side, side, upright.green, side);
  simd::TransposeBytes(view.planes.blue, side, side, side, upright.blue, side);
  view.planes = upright;
  view.upright = true;
}

// Values take four times the memory of bytes. Written at once they would hold the processor up; of a
// part, they go to memory while the next is made.
void FusedView::StoreInParts(const Resized& view, const ColourOps& ops, const simd::BlurTaps& taps,
                             int size, const ViewValues& out) {
  constexpr int kPixels = 1152;  // of a part; 768 and 2304 are slower
  simd::Planes made = view.planes;
  if (taps.radius > 0) {
    GrowTo(blur_scratch_, simd::BlurScratch(size));
    GrowTo(turned_, kChannels * (view.pixels + simd::kSlackBytes));
    made = PlanesOf(turned_.data(), view.pixels);
  }
  const int rows = std::max(1, kPixels / size);
  size_t done = 0;
  for (int y = 0; y < size; y += rows) {
    const int next = std::min(y + rows, size);
    if (taps.radius > 0) {
      uint16_t* const scratch = blur_scratch_.data();
      simd::BlurRows(taps, view.planes.red, size, size, y, next, scratch, made.red);
      simd::BlurRows(taps, view.planes.green, size, size, y, next, scratch, made.green);
      simd::BlurRows(taps, view.planes.blue, size, size, y, next, scratch, made.blue);
    }
    size_t end = static_cast<size_t>(next) * static_cast<size_t>(size);
    if (next < size) end -= end % simd::kSlackBytes;
    ops.Apply({made.red + done, made.green + done, made.blue + done}, end - done);
    simd::NormalizePlanes(out.by, made, view.pixels, done, end, out.to);
    done = end;
  }
}

}  // namespace flowtrain
