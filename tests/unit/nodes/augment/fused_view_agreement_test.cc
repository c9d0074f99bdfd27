// How far FusedView is from torchvision, as a whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "tests/golden/augment_golden.h"
#include "tests/support/view_testing.h"

namespace flowtrain {
namespace {

TEST(FusedView, IsNearTheReferenceAsAWhole) {
  const AugmentOptions simclr;
  const Distance noise = Compare(simclr, GoldenImage(96, 96), 96, 96);
  const Distance picture = Compare(simclr, Picture(96, 96), 96, 96);
  const Distance large = Compare(simclr, Picture(400, 533), 533, 224);
  // Pillow's HSV of 8 bits is what is left; without the hue nothing is.
  EXPECT_LT(noise.mean, 1);
  EXPECT_LT(picture.mean, 1);
  EXPECT_LT(large.mean, 1);
  AugmentOptions no_hue;
  no_hue.hue = 0;
  EXPECT_LT(Compare(no_hue, Picture(96, 96), 96, 96).mean, 0.25);
}

// The same parameters as in make_augment_golden.py. Pillow's 8-bit HSV makes most of the
// difference.
TEST(FusedView, IsNearTorchvision) {
  const Bytes image = Picture(60, 80);
  const ViewSource source = Source(image, 80);
  using enum JitterOp;
  ViewParams all = Crop(5, 8, 40, 50);
  all.jitter = all.blur = true;
  all.order = {kBrightness, kContrast, kSaturation, kHue};
  all.brightness = 1.25f;
  all.contrast = 0.7f;
  all.saturation = 1.3f;
  all.hue = 0.08f;
  all.blur_sigma = 1.2f;
  EXPECT_LT(MeanDifference(Fused(source, all, {}, 32), golden::kFused0), 1);

  ViewParams sharp = Crop(0, 20, 60, 55);
  sharp.flip = sharp.jitter = true;
  sharp.order = {kHue, kSaturation, kBrightness, kContrast};
  sharp.hue = -0.1f;
  sharp.saturation = 0.65f;
  sharp.brightness = 0.7f;
  sharp.contrast = 1.35f;
  EXPECT_LT(MeanDifference(Fused(source, sharp, {}, 32), golden::kFused1), 1);

  ViewParams grey = Crop(30, 2, 20, 24);
  grey.jitter = grey.grey = grey.blur = true;
  grey.order = {kSaturation, kHue, kContrast, kBrightness};
  grey.saturation = 1.4f;
  grey.hue = 0.05f;
  grey.contrast = 1.2f;
  grey.brightness = 0.9f;
  grey.blur_sigma = 0.6f;
  EXPECT_LT(MeanDifference(Fused(source, grey, {}, 32), golden::kFused2), 1);

  ViewParams blurred = Crop(10, 10, 45, 36);
  blurred.flip = blurred.blur = true;
  blurred.blur_sigma = 1.9f;
  EXPECT_LT(MeanDifference(Fused(source, blurred, {}, 32), golden::kFused3), 0.2);

  ViewParams solarized = Crop(3, 6, 50, 66);
  solarized.flip = solarized.jitter = solarized.blur = solarized.solarize = true;
  solarized.order = {kSaturation, kBrightness, kContrast, kHue};
  solarized.saturation = 0.8f;
  solarized.brightness = 1.15f;
  solarized.contrast = 1.25f;
  solarized.hue = 0.06f;
  solarized.blur_sigma = 0.8f;
  AugmentOptions bicubic;
  bicubic.interpolation = Interpolation::kBicubic;
  EXPECT_LT(MeanDifference(Fused(source, solarized, bicubic, 32), golden::kFused4), 1);
}

// The first images of STL-10, packed RGB of 96 x 96; fewer than `count` where they are not there.
std::vector<Bytes> Photographs(size_t count) {
  const std::string path =
      std::string(FLOWTRAIN_SOURCE_DIR) + "/../shared/data/stl10_mini/stl10_binary/test_X.bin";
  std::ifstream file(path, std::ios::binary);
  constexpr size_t kSide = 96;
  Bytes planes(kSide * kSide * 3);
  std::vector<Bytes> images;
  while (images.size() < count && file.read(reinterpret_cast<char*>(planes.data()),
                                            static_cast<std::streamsize>(planes.size()))) {
    Bytes& image = images.emplace_back(planes.size());
    for (size_t i = 0; i < planes.size(); ++i) {  // channel, column, row
      const size_t channel = i / (kSide * kSide), column = i / kSide % kSide, row = i % kSide;
      image[(row * kSide + column) * 3 + channel] = planes[i];
    }
  }
  return images;
}

// The reference is torchvision byte for byte (its own tests), so this is the distance to
// torchvision: of SimCLR's recipe, and of one with all that a recipe can have.
TEST(FusedView, IsNearTheReferenceOnPhotographs) {
  constexpr size_t kImages = 100;
  const std::vector<Bytes> images = Photographs(kImages);
  if (images.size() < kImages) GTEST_SKIP() << "STL-10's test images are not there";
  AugmentOptions everything;
  everything.jitter = 1;
  everything.solarize = 0.5;
  everything.interpolation = Interpolation::kBicubic;
  for (const AugmentOptions& options : {AugmentOptions{}, everything}) {
    double sum = 0;
    for (size_t id = 0; id < kImages; ++id) {
      const ViewSource source = Source(images[id], 96);
      const ViewParams params = Drawn(options, source, id);
      const double distance = MeanDifference(Fused(source, params, options, 96),
                                             Referenced(source, params, options, 96));
      EXPECT_LT(distance, 2.5) << "image " << id;
      sum += distance;
    }
    EXPECT_LE(sum / kImages, 1);
    std::cout << "mean absolute difference on STL-10: " << sum / kImages << " grey levels\n";
  }
}

// In each of the 24 orders, the view is that of the reference in this order and in no other.
TEST(FusedView, JittersInTheOrderDrawn) {
  const Bytes image = Picture(96, 96);
  const ViewSource source = Source(image, 96);
  ViewParams params = Whole(source);
  params.jitter = true;
  params.brightness = 1.5f;
  params.contrast = 0.5f;
  params.saturation = 1.8f;
  params.hue = 0.2f;
  params.order = {JitterOp::kBrightness, JitterOp::kContrast, JitterOp::kSaturation,
                  JitterOp::kHue};
  std::vector<Bytes> fused, referenced;
  do {
    fused.push_back(Fused(source, params, {}, 96));
    referenced.push_back(Referenced(source, params, {}, 96));
  } while (std::next_permutation(params.order.begin(), params.order.end()));
  ASSERT_EQ(fused.size(), 24U);
  for (size_t i = 0; i < fused.size(); ++i) {
    size_t nearest = 0;
    for (size_t j = 1; j < fused.size(); ++j) {
      if (MeanDifference(fused[i], referenced[j]) < MeanDifference(fused[i], referenced[nearest])) {
        nearest = j;
      }
    }
    EXPECT_EQ(nearest, i);
  }
}

}  // namespace
}  // namespace flowtrain
