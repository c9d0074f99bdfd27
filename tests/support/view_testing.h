// Views by FusedView and ReferenceView for their tests, and how far apart they are.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "nodes/augment/fused_view.h"
#include "nodes/augment/reference_view.h"
#include "tests/support/made_images.h"

namespace flowtrain {

// A picture like a photograph: smooth, with some noise and edges.
inline Bytes Picture(int height, int width) {
  Bytes image = SmoothImage(height, width);
  const Bytes noise = GoldenImage(height, width);
  for (size_t i = 0; i < image.size(); ++i) {
    image[i] = static_cast<uint8_t>((7 * image[i] + noise[i]) / 8);
  }
  return image;
}

inline Bytes Fused(const ViewSource& source, const ViewParams& params,
                   const AugmentOptions& options, int size) {
  FusedView view;
  // A guard after the row, where the next row of a batch begins.
  Bytes out(static_cast<size_t>(size) * static_cast<size_t>(size) * 3 + 64, 0xA5);
  view.Make(source, params, options, size, out.data());
  EXPECT_THAT(Bytes(out.end() - 64, out.end()), testing::Each(0xA5));
  out.resize(out.size() - 64);
  return out;
}

inline Bytes Referenced(const ViewSource& source, const ViewParams& params,
                        const AugmentOptions& options, int size) {
  ReferenceView view;
  Bytes out(static_cast<size_t>(size) * static_cast<size_t>(size) * 3);
  view.Make(source, params, options, size, out.data());
  return out;
}

inline ViewSource Source(const Bytes& image, int width) {
  return {image.data(), static_cast<int>(image.size()) / 3 / width, width};
}

// [3, width, height] of the same image.
inline Bytes ColumnPlanes(const Bytes& rgb, int height, int width) {
  Bytes planes(rgb.size());
  const auto h = static_cast<size_t>(height), w = static_cast<size_t>(width);
  for (size_t y = 0; y < h; ++y) {
    for (size_t x = 0; x < w; ++x) {
      for (size_t c = 0; c < 3; ++c) planes[(c * w + x) * h + y] = rgb[(y * w + x) * 3 + c];
    }
  }
  return planes;
}

// That image, as those planes.
inline ViewSource ByColumns(ViewSource packed, const Bytes& planes) {
  packed.pixels = planes.data();
  packed.layout = PixelLayout::kColumnPlanes;
  return packed;
}

inline ViewParams Whole(const ViewSource& source) {
  ViewParams params;
  params.height = source.height;
  params.width = source.width;
  return params;
}

inline ViewParams Drawn(const AugmentOptions& options, const ViewSource& source, uint64_t id) {
  Rng rng({.seed = 42, .stream = 0, .id = id, .purpose = kView});
  return DrawViewParams(options, source.height, source.width, rng);
}

// How far the fused view is from the reference over many draws, in grey levels.
struct Distance {
  double mean = 0;
  int largest = 0;
};
inline Distance Compare(const AugmentOptions& options, const Bytes& image, int width, int size) {
  constexpr int kViews = 40;
  Distance distance;
  const ViewSource source = Source(image, width);
  for (uint64_t id = 0; id < kViews; ++id) {
    const ViewParams params = Drawn(options, source, id);
    const Bytes fused = Fused(source, params, options, size);
    const Bytes reference = Referenced(source, params, options, size);
    distance.mean += MeanDifference(fused, reference) / kViews;
    distance.largest = std::max(distance.largest, LargestDifference(fused, reference));
  }
  return distance;
}

inline ViewParams Crop(int top, int left, int height, int width) {
  ViewParams params;
  params.top = top;
  params.left = left;
  params.height = height;
  params.width = width;
  return params;
}

}  // namespace flowtrain
