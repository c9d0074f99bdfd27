#include "nodes/evaluate/tsne.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "nodes/evaluate/feature_map.h"
#include "nodes/evaluate/knn.h"

namespace flowtrain {
namespace {

constexpr int64_t kGroups = 3, kOfAGroup = 20, kDimensions = 16;

// Unit rows around three directions.
at::Tensor Groups() {
  at::Tensor rows = at::zeros({kGroups * kOfAGroup, kDimensions});
  for (int64_t i = 0; i < rows.size(0); ++i) {
    for (int64_t d = 0; d < kDimensions; ++d) {
      const double noise = 0.1 * std::sin(static_cast<double>(7 * i + 13 * d + i * d));
      rows[i][d] = noise + (d == i / kOfAGroup ? 1 : 0);
    }
  }
  return UnitRows(rows);
}

double Distance(const MapPoint& one, const MapPoint& two) {
  return std::hypot(one.x - two.x, one.y - two.y);
}

TEST(Tsne, KeepsGroupsApart) {
  const std::vector<MapPoint> map = FeatureMap(Groups());
  ASSERT_EQ(map.size(), static_cast<size_t>(kGroups * kOfAGroup));
  double within = 0, between = HUGE_VAL;
  for (size_t i = 0; i < map.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (i / kOfAGroup == j / kOfAGroup)
        within = std::max(within, Distance(map[i], map[j]));
      else
        between = std::min(between, Distance(map[i], map[j]));
    }
  }
  EXPECT_GT(between, within / 3) << "the gap between groups";
  // The nearest other point is of the same group, for every point.
  for (size_t i = 0; i < map.size(); ++i) {
    size_t nearest = i == 0 ? 1 : 0;
    for (size_t j = 0; j < map.size(); ++j) {
      if (j != i && Distance(map[i], map[j]) < Distance(map[i], map[nearest])) nearest = j;
    }
    EXPECT_EQ(nearest / kOfAGroup, i / kOfAGroup) << i;
  }
}

TEST(Tsne, TheSameFeaturesGiveTheSameBits) {
  const std::vector<MapPoint> one = FeatureMap(Groups()), two = FeatureMap(Groups());
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].x, two[i].x);
    EXPECT_EQ(one[i].y, two[i].y);
  }
}

// What a collapsed network gives is one point, and not a picture of noise.
TEST(Tsne, EqualFeaturesAreOnePoint) {
  for (const int64_t images : {1, 2, 3, 40}) {
    const std::vector<MapPoint> map = FeatureMap(UnitRows(at::ones({images, 8})));
    ASSERT_EQ(map.size(), static_cast<size_t>(images));
    for (const MapPoint& point : map) EXPECT_LT(Distance(point, map.front()), 1e-9);
  }
}

// Every p(i | j) of two points is 1: they end where the gradient of t-SNE is 0, which is anywhere
// finite; and so do three that differ.
TEST(Tsne, FewPointsHaveAPlace) {
  for (const int64_t images : {1, 2, 3, 4}) {
    for (const MapPoint& point : FeatureMap(UnitRows(at::eye(images, 8)))) {
      EXPECT_TRUE(std::isfinite(point.x) && std::isfinite(point.y)) << images;
    }
  }
}

}  // namespace
}  // namespace flowtrain
