// The crops against torchvision's own RandomResizedCrop: what it does with crops that do not fit,
// and the rounding to pixels, have no closed form.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>
#include <vector>

#include "nodes/augment/view_params.h"
#include "tests/golden/crop_golden.h"
#include "tests/unit/nodes/augment/distributions.h"

namespace flowtrain {
namespace golden {

void PrintTo(const CropHistogram& crops, std::ostream* out) {
  *out << crops.height << 'x' << crops.width << " from " << crops.low_scale;
}

}  // namespace golden
namespace {

using golden::kAreaBins;
using golden::kPlaceBins;
using golden::kRatioBins;

// These three are as in make_crop_golden.py.
int AreaBin(const ViewParams& crop, int height, int width) {
  return std::min(kAreaBins - 1, kAreaBins * crop.height * crop.width / (height * width));
}

int RatioBin(const ViewParams& crop) {
  const double low = std::log(3.0 / 4), high = std::log(4.0 / 3);
  const double share =
      (std::log(static_cast<double>(crop.width) / crop.height) - low) / (high - low);
  return std::clamp(static_cast<int>(std::floor(kRatioBins * share)), 0, kRatioBins - 1);
}

int PlaceBin(int at, int spare) { return kPlaceBins * at / (spare + 1); }

// As many crops as the golden histogram has, of an image of its size.
golden::CropHistogram DrawCrops(const golden::CropHistogram& like, const AugmentOptions& options) {
  golden::CropHistogram drawn{like.height, like.width, like.low_scale, {}, {}};
  for (uint64_t id = 0; id < golden::kCropDraws; ++id) {
    Rng rng({.seed = 42, .stream = 0, .id = id, .purpose = kView});
    const ViewParams crop = DrawViewParams(options, like.height, like.width, rng);
    const int extent = AreaBin(crop, like.height, like.width) * kRatioBins + RatioBin(crop);
    const int place = PlaceBin(crop.top, like.height - crop.height) * kPlaceBins +
                      PlaceBin(crop.left, like.width - crop.width);
    ++drawn.extents[static_cast<size_t>(extent)];
    ++drawn.places[static_cast<size_t>(place)];
  }
  return drawn;
}

AugmentOptions OptionsLike(const golden::CropHistogram& crops) {
  AugmentOptions options;
  options.crop_scale = {crops.low_scale, 1};
  return options;
}

class CropDistribution : public testing::TestWithParam<golden::CropHistogram> {};

TEST_P(CropDistribution, IsTorchvisions) {
  const golden::CropHistogram& torchvisions = GetParam();
  const golden::CropHistogram drawn = DrawCrops(torchvisions, OptionsLike(torchvisions));
  EXPECT_GT(SameProbability(drawn.extents, torchvisions.extents), kLevel);
  EXPECT_GT(SameProbability(drawn.places, torchvisions.places), kLevel);
}

// That the test above sees small things: ranges that are a few hundredths off.
TEST_P(CropDistribution, OfNearbyRangesIsToldApart) {
  const golden::CropHistogram& torchvisions = GetParam();
  AugmentOptions scale = OptionsLike(torchvisions), ratio = scale;
  scale.crop_scale[0] += 0.02;
  ratio.crop_ratio = {0.77, 1 / 0.77};
  for (const AugmentOptions& options : {scale, ratio}) {
    const golden::CropHistogram drawn = DrawCrops(torchvisions, options);
    EXPECT_LT(SameProbability(drawn.extents, torchvisions.extents), 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Images, CropDistribution, testing::ValuesIn(golden::kCrops));

}  // namespace
}  // namespace flowtrain
