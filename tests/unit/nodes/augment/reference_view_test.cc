#include "nodes/augment/reference_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/golden/augment_golden.h"
#include "tests/support/view_testing.h"

namespace flowtrain {
namespace {

Bytes View(const Bytes& image, int width, const ViewParams& params, int kernel, int size,
           Interpolation interpolation = Interpolation::kBilinear) {
  ReferenceView reference;
  AugmentOptions options;
  options.blur_kernel = kernel;
  options.interpolation = interpolation;
  const int height = static_cast<int>(image.size()) / 3 / width;
  Bytes out(static_cast<size_t>(size) * static_cast<size_t>(size) * 3);
  reference.Make({image.data(), height, width}, params, options, size, out.data());
  return out;
}

// Only the blur, a sum in float, may differ by a level where it falls between two.
template <typename Golden>
void ExpectIs(const Bytes& view, const Golden& golden) {
  EXPECT_LE(LargestDifference(view, golden), 1);
  EXPECT_LT(MeanDifference(view, golden), 0.02);
}

TEST(ReferenceView, IsTorchvisionsPipeline) {
  const Bytes image = GoldenImage(20, 24);
  ExpectIs(View(image, 24, Crop(3, 2, 14, 17), 9, 8), golden::kViewPlain);

  ViewParams all = Crop(1, 5, 19, 16);
  all.flip = true;
  all.jitter = true;
  all.order = {JitterOp::kHue, JitterOp::kContrast, JitterOp::kBrightness, JitterOp::kSaturation};
  all.hue = 0.07f;
  all.contrast = 1.3f;
  all.brightness = 0.75f;
  all.saturation = 0.65f;
  all.blur = true;
  all.blur_sigma = 0.9f;
  ExpectIs(View(image, 24, all, 5, 10), golden::kViewAll);

  ViewParams grey = Crop(4, 0, 6, 7);
  grey.flip = true;
  grey.jitter = true;
  grey.order = {JitterOp::kSaturation, JitterOp::kBrightness, JitterOp::kHue, JitterOp::kContrast};
  grey.saturation = 1.35f;
  grey.brightness = 1.2f;
  grey.hue = -0.09f;
  grey.contrast = 0.7f;
  grey.grey = true;
  grey.blur = true;
  grey.blur_sigma = 1.7f;
  ExpectIs(View(image, 24, grey, 3, 10), golden::kViewGrey);

  ViewParams bicubic = Crop(2, 1, 15, 18);
  bicubic.flip = true;
  bicubic.jitter = true;
  bicubic.order = {JitterOp::kContrast, JitterOp::kHue, JitterOp::kSaturation,
                   JitterOp::kBrightness};
  bicubic.contrast = 0.8f;
  bicubic.hue = 0.04f;
  bicubic.saturation = 1.2f;
  bicubic.brightness = 1.1f;
  bicubic.blur = true;
  bicubic.blur_sigma = 0.7f;
  bicubic.solarize = true;
  ExpectIs(View(image, 24, bicubic, 5, 10, Interpolation::kBicubic), golden::kViewBicubic);
}

TEST(ReferenceView, FactorsHaveNoEffectWithoutTheirSwitch) {
  const Bytes image = GoldenImage(20, 24);
  ViewParams off = Crop(3, 2, 14, 17);
  off.order = {JitterOp::kHue, JitterOp::kContrast, JitterOp::kBrightness, JitterOp::kSaturation};
  off.hue = 0.3f;
  off.brightness = off.contrast = off.saturation = 0.2f;
  off.blur_sigma = 3;
  EXPECT_EQ(View(image, 24, off, 9, 8), View(image, 24, Crop(3, 2, 14, 17), 9, 8));
}

TEST(ReferenceView, WholeImageOfItsSizeIsTheImage) {
  EXPECT_EQ(View(GoldenImage(16, 16), 16, Crop(0, 0, 16, 16), 9, 16), GoldenImage(16, 16));
}

TEST(ReferenceView, TheOrderOfTheJitterMatters) {
  const Bytes image = GoldenImage(16, 16);
  ViewParams params = Crop(0, 0, 16, 16);
  params.jitter = true;
  params.brightness = 1.4f;
  params.contrast = 0.6f;
  params.order = {JitterOp::kBrightness, JitterOp::kContrast, JitterOp::kSaturation,
                  JitterOp::kHue};
  const Bytes brighter_first = View(image, 16, params, 9, 16);
  std::swap(params.order[0], params.order[1]);
  EXPECT_NE(View(image, 16, params, 9, 16), brighter_first);
}

}  // namespace
}  // namespace flowtrain
