#include "nodes/augment/view_params.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "tests/unit/nodes/augment/distributions.h"

namespace flowtrain {
namespace {

constexpr int kDraws = 100'000;

ViewParams Draw(const AugmentOptions& options, int height, int width, uint64_t id,
                uint32_t view = 0) {
  Rng rng({.seed = 42, .stream = 3, .id = id, .purpose = kView + view});
  return DrawViewParams(options, height, width, rng);
}

// Whether all that was counted is equally likely.
template <typename Counts>
double UniformProbability(const Counts& counts) {
  std::vector<int> values;
  for (const auto& [key, count] : counts) values.push_back(count);
  return FitProbability(values,
                        std::vector<double>(values.size(), 1 / static_cast<double>(values.size())));
}

TEST(ViewParams, CropStaysInTheImageAndInRange) {
  const AugmentOptions options;
  for (const auto& [height, width] :
       std::vector<std::pair<int, int>>{{96, 96}, {375, 500}, {640, 427}, {32, 40}}) {
    for (uint64_t id = 0; id < 1000; ++id) {
      const ViewParams p = Draw(options, height, width, id);
      ASSERT_GE(p.top, 0);
      ASSERT_GE(p.left, 0);
      ASSERT_GE(p.height, 1);
      ASSERT_GE(p.width, 1);
      ASSERT_LE(p.top + p.height, height);
      ASSERT_LE(p.left + p.width, width);
      // Sides are rounded to pixels: half a pixel off on each.
      const double area = static_cast<double>(height) * width;
      const double low_area = (p.height - 0.5) * (p.width - 0.5) / area;
      const double high_area = (p.height + 0.5) * (p.width + 0.5) / area;
      ASSERT_GE(high_area, options.crop_scale[0]);
      ASSERT_LE(low_area, options.crop_scale[1]);
      ASSERT_GE((p.width + 0.5) / (p.height - 0.5), options.crop_ratio[0]);
      ASSERT_LE((p.width - 0.5) / (p.height + 0.5), options.crop_ratio[1]);
    }
  }
}

// With a fixed ratio of 1 each first attempt fits a square image, so areas are as drawn.
TEST(ViewParams, AreaIsUniform) {
  AugmentOptions options;
  options.crop_ratio = {1, 1};
  std::vector<double> areas;
  for (uint64_t id = 0; id < kDraws; ++id) {
    const ViewParams p = Draw(options, 10000, 10000, id);
    EXPECT_EQ(p.height, p.width);
    areas.push_back((p.height * 1e-4 * p.width * 1e-4 - 0.2) / 0.8);
  }
  EXPECT_LT(DistanceFromUniform(areas), CriticalDistance(areas.size()));
}

TEST(ViewParams, RatioIsLogUniform) {
  AugmentOptions options;
  options.crop_scale = {0.1, 0.1};
  std::vector<double> ratios;
  for (uint64_t id = 0; id < kDraws; ++id) {
    const ViewParams p = Draw(options, 10000, 10000, id);
    const double log_ratio = std::log(static_cast<double>(p.width) / p.height);
    ratios.push_back((log_ratio - std::log(0.75)) / (std::log(4.0 / 3) - std::log(0.75)));
  }
  EXPECT_LT(DistanceFromUniform(ratios), CriticalDistance(ratios.size()));
}

TEST(ViewParams, PositionIsUniform) {
  AugmentOptions options;
  options.crop_scale = {0.25, 0.25};
  options.crop_ratio = {1, 1};
  std::map<int, int> tops, lefts;
  for (uint64_t id = 0; id < kDraws; ++id) {
    const ViewParams p = Draw(options, 20, 20, id);  // 10 x 10 at 11 x 11 places
    EXPECT_EQ(p.height, 10);
    EXPECT_EQ(p.width, 10);
    ++tops[p.top];
    ++lefts[p.left];
  }
  EXPECT_EQ(tops.size(), 11U);
  EXPECT_EQ(lefts.size(), 11U);
  EXPECT_EQ(tops.rbegin()->first, 10);
  EXPECT_GT(UniformProbability(tops), kLevel);
  EXPECT_GT(UniformProbability(lefts), kLevel);
}

// All 32 ways they can stand, so that they are independent of each other too.
TEST(ViewParams, SwitchesHaveTheirProbabilities) {
  AugmentOptions options;
  options.flip = 0.5;
  options.jitter = 0.8;
  options.grey = 0.2;
  options.blur = 0.3;
  options.solarize = 0.1;
  std::vector<int> counts(32);
  std::vector<double> probabilities(32, 1);
  for (uint64_t id = 0; id < kDraws; ++id) {
    const ViewParams p = Draw(options, 96, 96, id);
    ++counts[size_t{p.flip} + 2 * size_t{p.jitter} + 4 * size_t{p.grey} + 8 * size_t{p.blur} +
             16 * size_t{p.solarize}];
  }
  const double of_each[] = {options.flip, options.jitter, options.grey, options.blur,
                            options.solarize};
  for (size_t way = 0; way < 32; ++way) {
    for (size_t i = 0; i < 5; ++i) {
      probabilities[way] *= (way >> i & 1) != 0 ? of_each[i] : 1 - of_each[i];
    }
  }
  EXPECT_GT(FitProbability(counts, probabilities), kLevel);
}

TEST(ViewParams, ProbabilitiesOfZeroAndOneAreCertain) {
  AugmentOptions never, always;
  never.flip = never.jitter = never.grey = never.blur = never.solarize = 0;
  always.flip = always.jitter = always.grey = always.blur = always.solarize = 1;
  for (uint64_t id = 0; id < kDraws; ++id) {
    const ViewParams n = Draw(never, 96, 96, id), a = Draw(always, 96, 96, id);
    ASSERT_FALSE(n.flip || n.jitter || n.grey || n.blur || n.solarize);
    ASSERT_TRUE(a.flip && a.jitter && a.grey && a.blur && a.solarize);
  }
}

TEST(ViewParams, FactorsAreUniformInTheirRanges) {
  AugmentOptions options;
  options.brightness = 0.4;
  options.contrast = 1.5;  // cut at 0: [0, 2.5]
  options.saturation = 0.2;
  options.hue = 0.1;
  std::vector<double> brightness, contrast, saturation, hue, sigma;
  for (uint64_t id = 0; id < kDraws; ++id) {
    const ViewParams p = Draw(options, 96, 96, id);
    brightness.push_back((static_cast<double>(p.brightness) - 0.6) / 0.8);
    contrast.push_back(static_cast<double>(p.contrast) / 2.5);
    saturation.push_back((static_cast<double>(p.saturation) - 0.8) / 0.4);
    hue.push_back((static_cast<double>(p.hue) + 0.1) / 0.2);
    sigma.push_back((static_cast<double>(p.blur_sigma) - 0.1) / 1.9);
  }
  for (const auto* values : {&brightness, &contrast, &saturation, &hue, &sigma}) {
    EXPECT_LT(DistanceFromUniform(*values), CriticalDistance(values->size()));
  }
}

TEST(ViewParams, OptionsOfZeroLeaveTheColoursAlone) {
  AugmentOptions options;
  options.brightness = options.contrast = options.saturation = options.hue = 0;
  for (uint64_t id = 0; id < 100; ++id) {
    const ViewParams p = Draw(options, 96, 96, id);
    EXPECT_EQ(p.brightness, 1.0f);
    EXPECT_EQ(p.contrast, 1.0f);
    EXPECT_EQ(p.saturation, 1.0f);
    EXPECT_EQ(p.hue, 0.0f);
  }
}

TEST(ViewParams, AllOrdersOfTheJitterAreAsLikely) {
  std::map<std::array<JitterOp, 4>, int> orders;
  for (uint64_t id = 0; id < kDraws; ++id) ++orders[Draw({}, 96, 96, id).order];
  EXPECT_EQ(orders.size(), 24U);
  for (const auto& [order, count] : orders) {
    EXPECT_EQ(std::set<JitterOp>(order.begin(), order.end()).size(), 4U);
  }
  EXPECT_GT(UniformProbability(orders), kLevel);
}

TEST(ViewParams, TakesTheSameNumberOfWordsWhateverIsUsed) {
  AugmentOptions off;
  off.flip = off.jitter = off.grey = off.blur = off.hue = 0;
  for (const AugmentOptions& options : {AugmentOptions{}, off}) {
    for (const auto& [height, width] :
         std::vector<std::pair<int, int>>{{1, 1}, {1, 500}, {96, 96}}) {
      const RngKey key{.seed = 7, .stream = 1, .id = 5, .purpose = kView};
      Rng drawn(key), skipped(key);
      DrawViewParams(options, height, width, drawn);
      for (int i = 0; i < kViewDraws; ++i) skipped.NextUint32();
      EXPECT_EQ(drawn.NextUint64(), skipped.NextUint64());
    }
  }
}

TEST(ViewParams, AnOptionTurnedOffLeavesTheOthersAsTheyWere) {
  AugmentOptions fewer;
  fewer.flip = fewer.jitter = fewer.grey = 0;
  for (uint64_t id = 0; id < 100; ++id) {
    const ViewParams a = Draw({}, 96, 96, id), b = Draw(fewer, 96, 96, id);
    EXPECT_EQ(a.top, b.top);
    EXPECT_EQ(a.width, b.width);
    EXPECT_EQ(a.blur, b.blur);
    EXPECT_EQ(a.blur_sigma, b.blur_sigma);
    EXPECT_EQ(a.order, b.order);
  }
}

TEST(ViewParams, FallsBackToTheCentreWhereNoCropFits) {
  const ViewParams wide = Draw({}, 30, 3000, 1);  // the least area is 180 rows high
  EXPECT_EQ(wide.height, 30);
  EXPECT_EQ(wide.width, 40);
  EXPECT_EQ(wide.top, 0);
  EXPECT_EQ(wide.left, 1480);
  const ViewParams high = Draw({}, 3000, 30, 1);
  EXPECT_EQ(high.height, 40);
  EXPECT_EQ(high.width, 30);
  EXPECT_EQ(high.top, 1480);
  EXPECT_EQ(high.left, 0);
  AugmentOptions whole;
  whole.crop_scale = {1, 1};
  whole.crop_ratio = {0.5, 0.6};
  const ViewParams square = Draw(whole, 100, 100, 1);
  EXPECT_EQ(square.height, 100);
  EXPECT_EQ(square.width, 60);
  EXPECT_EQ(square.left, 20);
}

TEST(ViewParams, TakesTheSmallestImages) {
  for (uint64_t id = 0; id < 100; ++id) {
    for (const auto& [height, width] :
         std::vector<std::pair<int, int>>{{1, 1}, {1, 50}, {50, 1}, {2, 1}}) {
      const ViewParams p = Draw({}, height, width, id);
      ASSERT_GE(p.height, 1);
      ASSERT_GE(p.width, 1);
      ASSERT_LE(p.top + p.height, height);
      ASSERT_LE(p.left + p.width, width);
    }
  }
}

TEST(ViewParams, DependOnTheKeyAlone) {
  const ViewParams a = Draw({}, 96, 96, 1), again = Draw({}, 96, 96, 1);
  EXPECT_EQ(a.brightness, again.brightness);
  EXPECT_EQ(a.top, again.top);
  EXPECT_NE(a.brightness, Draw({}, 96, 96, 2).brightness);
  EXPECT_NE(a.brightness, Draw({}, 96, 96, 1, 1).brightness);
}

TEST(ViewParams, NoCropIsNarrowerThanTheLeastSide) {
  for (const auto& [height, width] :
       {std::array{96, 96}, {400, 533}, {10, 500}, {700, 40}, {3, 2}, {1, 1}, {240, 320}}) {
    for (const std::array<double, 2> scale : {std::array{0.2, 1.0}, {0.05, 0.08}, {0.9, 1.0}}) {
      AugmentOptions options;
      options.crop_scale = scale;
      const int least = LeastCropSide(options, height, width);
      int found = height + width;
      for (uint64_t id = 0; id < 3000; ++id) {
        const ViewParams params = Draw(options, height, width, id);
        found = std::min({found, params.height, params.width});
      }
      EXPECT_GE(found, least) << height << 'x' << width;
      if (height == 96 && scale[0] == 0.2) {
        EXPECT_LE(found, least + least / 10) << "it is not far off";
      }
    }
  }
}

}  // namespace
}  // namespace flowtrain
