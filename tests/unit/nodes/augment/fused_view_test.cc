#include "nodes/augment/fused_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "nodes/image/simd/instruction_set.h"
#include "tests/support/view_testing.h"

namespace flowtrain {
namespace {

using testing::Each;

AugmentOptions Nothing() {
  AugmentOptions options;
  options.flip = options.jitter = options.grey = options.blur = 0;
  return options;
}

constexpr std::array<std::array<int, 3>, 5> kSizes = {
    {{96, 96, 96}, {300, 400, 96}, {37, 53, 32}, {41, 29, 50}, {500, 30, 224}}};

TEST(FusedView, ResizesAsTheReference) {
  for (const auto& [height, width, size] : kSizes) {
    const Distance distance = Compare(Nothing(), GoldenImage(height, width), width, size);
    EXPECT_LE(distance.largest, 1) << height << 'x' << width << " to " << size;
    EXPECT_LT(distance.mean, 0.3);
  }
}

// The reference resizes columns first, the fused view rows: what overshoots between the two, and is
// clipped, is not the same. Noise is the worst case.
TEST(FusedView, ResizesByBicubicAsTheReference) {
  AugmentOptions options = Nothing();
  options.interpolation = Interpolation::kBicubic;
  for (const auto& [height, width, size] : kSizes) {
    const Distance picture = Compare(options, Picture(height, width), width, size);
    EXPECT_LE(picture.largest, 12) << height << 'x' << width << " to " << size;
    EXPECT_LT(picture.mean, 0.3);
    EXPECT_LT(Compare(options, GoldenImage(height, width), width, size).mean, 0.5);
  }
}

TEST(FusedView, TakesCropsOfAnyShape) {
  for (const auto& [height, width] : {std::array{1, 1},
                                      {1, 2},
                                      {2, 1},
                                      {1, 300},
                                      {300, 1},
                                      {3, 5},
                                      {5, 4},
                                      {16, 6},
                                      {2000, 3},
                                      {3, 2000}}) {
    const Bytes image = GoldenImage(height, width);
    const ViewSource source = Source(image, width);
    for (const int size : {16, 17, 31, 33, 96}) {
      for (const Interpolation interpolation :
           {Interpolation::kBilinear, Interpolation::kBicubic}) {
        AugmentOptions options;
        options.interpolation = interpolation;
        const Bytes fused = Fused(source, Whole(source), options, size);
        const Bytes reference = Referenced(source, Whole(source), options, size);
        EXPECT_LT(MeanDifference(fused, reference), 0.8) << height << 'x' << width << ' ' << size;
      }
    }
  }
}

TEST(FusedView, KeepsAFlatImage) {
  for (const int value : {0, 1, 17, 128, 254, 255}) {
    const Bytes image(70 * 90 * 3, static_cast<uint8_t>(value));
    const ViewSource source = Source(image, 90);
    for (const Interpolation interpolation : {Interpolation::kBilinear, Interpolation::kBicubic}) {
      AugmentOptions options;
      options.interpolation = interpolation;
      options.blur_kernel = 23;
      for (const int size : {16, 96, 200}) {
        for (const float sigma : {0.1f, 0.7f, 2.0f, 9.0f}) {
          ViewParams params = Whole(source);
          params.blur = true;
          params.blur_sigma = sigma;
          EXPECT_THAT(Fused(source, params, options, size), Each(value)) << size << ' ' << sigma;
        }
      }
    }
  }
}

TEST(FusedView, FlipsExactly) {
  const Bytes image = GoldenImage(96, 96);
  const ViewSource source = Source(image, 96);
  ViewParams params = Whole(source);
  EXPECT_EQ(Fused(source, params, {}, 96), image);
  params.flip = true;
  EXPECT_EQ(Fused(source, params, {}, 96), Referenced(source, params, {}, 96));
}

// Without resizing, so that nothing but the operation differs.
Distance CompareColour(ViewParams params, const Bytes& image) {
  const ViewSource source = Source(image, 96);
  params.height = params.width = 96;
  const Bytes fused = Fused(source, params, {}, 96);
  const Bytes reference = Referenced(source, params, {}, 96);
  return {MeanDifference(fused, reference), LargestDifference(fused, reference)};
}

TEST(FusedView, BrightensAsTheReference) {
  for (const float factor : {0.0f, 0.6f, 0.987f, 1.0f, 1.4f, 1.99f, 2.0f, 3.5f, 63.0f}) {
    ViewParams params;
    params.jitter = true;
    params.order = {JitterOp::kSaturation, JitterOp::kHue, JitterOp::kBrightness,
                    JitterOp::kContrast};
    params.brightness = factor;
    const Distance distance = CompareColour(params, GoldenImage(96, 96));
    EXPECT_LE(distance.largest, 1) << factor;
    EXPECT_LT(distance.mean, 0.02) << factor;
  }
}

TEST(FusedView, ChangesContrastAsTheReference) {
  for (const float factor : {0.0f, 0.613f, 1.0f, 1.387f, 2.0f, 7.0f, 63.0f}) {
    ViewParams params;
    params.jitter = true;
    params.order = {JitterOp::kSaturation, JitterOp::kContrast, JitterOp::kHue,
                    JitterOp::kBrightness};
    params.contrast = factor;
    const Distance distance = CompareColour(params, GoldenImage(96, 96));
    EXPECT_LE(distance.largest, 1) << factor;
    EXPECT_LT(distance.mean, factor < 8 ? 0.05 : 0.3) << factor;
  }
}

TEST(FusedView, SaturatesAsTheReference) {
  for (const float factor : {0.0f, 0.613f, 1.0f, 1.387f, 2.0f, 7.0f}) {
    ViewParams params;
    params.jitter = true;
    params.order = {JitterOp::kSaturation, JitterOp::kContrast, JitterOp::kHue,
                    JitterOp::kBrightness};
    params.saturation = factor;
    const Distance distance = CompareColour(params, GoldenImage(96, 96));
    EXPECT_LE(distance.largest, factor < 2 ? 1 : 7)
        << factor;  // a luma that differs by 1, times it
    EXPECT_LT(distance.mean, 0.1) << factor;
  }
}

TEST(FusedView, GreysAsTheReference) {
  ViewParams params;
  params.grey = true;
  const Distance distance = CompareColour(params, GoldenImage(96, 96));
  EXPECT_LE(distance.largest, 1);
  EXPECT_LT(distance.mean, 0.01);
}

TEST(FusedView, SolarizesExactly) {
  const Bytes image = GoldenImage(96, 96);
  const ViewSource source = Source(image, 96);
  ViewParams params = Whole(source);
  params.solarize = true;
  for (const int threshold : {0, 1, 128, 255, 256}) {
    AugmentOptions options;
    options.solarize_threshold = threshold;
    EXPECT_EQ(Fused(source, params, options, 96), Referenced(source, params, options, 96));
  }
}

TEST(FusedView, BlursAsTheReference) {
  for (const float sigma : {0.1f, 0.5f, 1.0f, 2.0f, 5.0f}) {
    for (const int kernel : {1, 3, 9, 23, 121}) {
      for (const int size : {16, 40, 96}) {
        const Bytes image = GoldenImage(size, size);
        const ViewSource source = Source(image, size);
        ViewParams params = Whole(source);
        params.blur = true;
        params.blur_sigma = sigma;
        AugmentOptions options;
        options.blur_kernel = kernel;
        const Bytes fused = Fused(source, params, options, size);
        const Bytes reference = Referenced(source, params, options, size);
        EXPECT_LE(LargestDifference(fused, reference), 1) << sigma << ' ' << kernel;
        EXPECT_LT(MeanDifference(fused, reference), 0.15) << sigma << ' ' << kernel;
      }
    }
  }
}

// The hexcone model in floating point (Smith 1978).
std::array<double, 3> TurnedHue(std::array<double, 3> rgb, double turn) {
  const double high = std::max({rgb[0], rgb[1], rgb[2]}), low = std::min({rgb[0], rgb[1], rgb[2]});
  const double range = high - low;
  if (range == 0) return rgb;
  double hue = 0;
  if (rgb[0] == high) {
    hue = (rgb[1] - rgb[2]) / range;
  } else if (rgb[1] == high) {
    hue = 2 + (rgb[2] - rgb[0]) / range;
  } else {
    hue = 4 + (rgb[0] - rgb[1]) / range;
  }
  hue = std::fmod(hue + 6 * turn + 12, 6);
  const auto channel = [&](double n) {
    const double k = std::fmod(n + hue, 6);
    return high - range * std::max(0.0, std::min({k, 4 - k, 1.0}));
  };
  return {channel(5), channel(3), channel(1)};
}

TEST(FusedView, TurnsTheHueInTrueHsv) {
  const Bytes image = GoldenImage(96, 96);
  for (const float turn : {-0.5f, -0.31f, -0.1f, 0.003f, 0.1f, 0.25f, 0.5f}) {
    ViewParams params;
    params.height = params.width = 96;
    params.jitter = true;
    params.order = {JitterOp::kSaturation, JitterOp::kBrightness, JitterOp::kHue,
                    JitterOp::kContrast};
    params.hue = turn;
    const Bytes fused = Fused(Source(image, 96), params, {}, 96);
    for (size_t i = 0; i < image.size(); i += 3) {
      const auto exact =
          TurnedHue({double(image[i]), double(image[i + 1]), double(image[i + 2])}, double{turn});
      for (size_t c = 0; c < 3; ++c) ASSERT_NEAR(fused[i + c], exact[c], 0.6) << turn << ' ' << i;
    }
  }
}

TEST(FusedView, IsTheSameOnEveryInstructionSet) {
  AugmentOptions bicubic;
  bicubic.interpolation = Interpolation::kBicubic;
  bicubic.solarize = 0.5;
  const Bytes image = Picture(150, 210);
  const ViewSource source = Source(image, 210);
  const std::vector<std::string> sets = simd::InstructionSets();
  ASSERT_FALSE(sets.empty());
  for (const AugmentOptions& options : {AugmentOptions{}, bicubic}) {
    for (const int size : {16, 96, 101, 224}) {
      for (uint64_t id = 0; id < 20; ++id) {
        const ViewParams params = Drawn(options, source, id);
        ASSERT_TRUE(simd::CapInstructionSet(sets.front()));
        const Bytes best = Fused(source, params, options, size);
        for (const std::string& set : sets) {
          ASSERT_TRUE(simd::CapInstructionSet(set));
          ASSERT_EQ(Fused(source, params, options, size), best) << set << ' ' << size << ' ' << id;
        }
      }
    }
  }
  EXPECT_FALSE(simd::CapInstructionSet("avx1024"));
  ASSERT_TRUE(simd::CapInstructionSet(""));
}

TEST(FusedView, APartIsAsGoodAsTheWhole) {
  const Bytes image = Picture(60, 80);
  const ViewSource whole = Source(image, 80);
  ViewParams params = Whole(whole);
  params.top = 12;
  params.left = 20;
  params.height = 30;
  params.width = 40;
  const int top = 10, left = 17, height = 40, width = 50;
  Bytes cut;
  for (int y = top; y < top + height; ++y) {
    const auto row = image.begin() + (y * 80 + left) * 3;
    cut.insert(cut.end(), row, row + width * 3);
  }
  const ViewSource part{cut.data(), height, width, top, left, 1};
  EXPECT_EQ(Fused(part, params, {}, 32), Fused(whole, params, {}, 32));
}

TEST(FusedView, TakesColumnPlanes) {
  for (const auto& [height, width] : {std::array{96, 96}, {60, 80}, {200, 31}, {1, 1}, {5, 300}}) {
    const Bytes image = Picture(height, width);
    const Bytes planes = ColumnPlanes(image, height, width);
    const ViewSource packed = Source(image, width), by_columns = ByColumns(packed, planes);
    for (const int size : {16, 33, 96}) {
      for (uint64_t id = 0; id < 20; ++id) {
        AugmentOptions options;
        options.hue = 0;  // the reference's is not that of true HSV
        const ViewParams params = Drawn(options, packed, id);
        const Bytes a = Fused(by_columns, params, options, size);
        // Columns are resized first here, rows there: each rounds once on the way.
        EXPECT_LT(MeanDifference(a, Fused(packed, params, options, size)), 0.6);
        EXPECT_LT(MeanDifference(a, Referenced(packed, params, options, size)), 0.6);
      }
    }
  }
}

TEST(FusedView, AReducedSourceGivesNearlyTheSameView) {
  const Bytes image = SmoothImage(160, 240);
  Resampler resampler;
  Bytes half(80 * 120 * 3);
  resampler.Resize({image.data(), 240 * 3, 160, 240}, {80, 0, 80}, {120, 0, 120}, half.data());
  ViewParams params = Whole(Source(image, 240));
  params.top = 13;
  params.left = 31;
  params.height = 111;
  params.width = 151;
  const ViewSource reduced{half.data(), 80, 120, 0, 0, 2};
  const Bytes from_half = Fused(reduced, params, {}, 32);
  const Bytes from_whole = Fused(Source(image, 240), params, {}, 32);
  EXPECT_LT(MeanDifference(from_half, from_whole), 4);
}

TEST(FusedView, SaysWhatItDoesNotCover) {
  AugmentOptions options;
  EXPECT_TRUE(FusedView::Covers(options, 96));
  EXPECT_FALSE(FusedView::Covers(options, 15));
  options.contrast = 63;
  EXPECT_FALSE(FusedView::Covers(options, 96));
  options.contrast = 0.4;
  options.blur_kernel = 123;
  EXPECT_FALSE(FusedView::Covers(options, 96));
}

}  // namespace
}  // namespace flowtrain
