#include "tools/similar/similar_groups.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace flowtrain {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Representations Angles(std::vector<uint64_t> places, const std::vector<double>& degrees) {
  std::vector<float> values;
  for (const double angle : degrees) {
    values.push_back(static_cast<float>(std::cos(angle / 180 * std::numbers::pi)));
    values.push_back(static_cast<float>(std::sin(angle / 180 * std::numbers::pi)));
  }
  return {at::tensor(values).view({-1, 2}), std::move(places)};
}

std::vector<SimilarGroup> GroupsOf(const std::vector<Representations>& parts, double threshold) {
  return SimilarGroups(
      parts, threshold, at::kCPU, [] { return false; }, [](uint64_t, uint64_t) {});
}

// Within a part and across parts, directly and by way of another.
TEST(SimilarGroups, JoinsWhatReachesTheThreshold) {
  const std::vector<Representations> parts = {Angles({10, 11, 12}, {0, 90, 10}), Angles({}, {}),
                                              Angles({15, 16, 20}, {95, 20, 200})};
  const std::vector<SimilarGroup> groups = GroupsOf(parts, 0.97);  // 14 degrees
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_THAT(groups[0].images, ElementsAre(11, 15));
  EXPECT_NEAR(groups[0].similarity, 0.9962, 1e-4);  // of 5 degrees
  EXPECT_THAT(groups[1].images, ElementsAre(10, 12, 16));
  EXPECT_NEAR(groups[1].similarity, 0.9848, 1e-4);  // of 10 degrees
  EXPECT_THAT(GroupsOf(parts, 0.997), IsEmpty());
}

// The similarity of a group is that of its member which has least to do with the others.
TEST(SimilarGroups, ASimilarityHoldsForEveryImageOfAGroup) {
  const std::vector<SimilarGroup> groups = GroupsOf({Angles({1, 2, 3}, {0, 2, 14})}, 0.95);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_NEAR(groups[0].similarity, 0.9781, 1e-4);  // of 12 degrees
}

TEST(SimilarGroups, EqualRowsReachOne) {
  const std::vector<SimilarGroup> groups = GroupsOf({Angles({1, 2, 3}, {33, 33, 50})}, 1);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_THAT(groups[0].images, ElementsAre(1, 2));
  EXPECT_LE(groups[0].similarity, 1);
}

TEST(SimilarGroups, TellsOfItsProgressAndStops) {
  const std::vector<Representations> parts = {Angles({1, 2}, {0, 1}), Angles({3}, {2})};
  std::vector<uint64_t> done;
  const auto progress = [&](uint64_t rows, uint64_t all) {
    done.push_back(rows);
    EXPECT_EQ(all, 3u);
  };
  SimilarGroups(
      parts, 0.9, at::kCPU, [] { return false; }, progress);
  EXPECT_THAT(done, ElementsAre(2, 3));
  EXPECT_THAT(SimilarGroups(
                  parts, 0.9, at::kCPU, [] { return true; }, progress)
                  .front()
                  .images,
              ElementsAre(1, 2));
}

// 200 rows that have most of their length in common, and vary along one axis more than along others.
at::Tensor Rows() {
  at::manual_seed(7);
  const at::Tensor rows = at::randn({200, 6});
  rows.select(1, 0).mul_(30);
  return rows + 50;
}

TEST(Whiten, ProductsAreThoseOfTheCovariance) {
  const at::Tensor rows = Rows();
  std::vector<Representations> parts = {{rows.narrow(0, 0, 150), {}},
                                        {rows.narrow(0, 150, 50), {}}};
  ASSERT_TRUE(Whiten(parts));
  const at::Tensor unit = at::cat({parts[0].rows, parts[1].rows}).to(at::kDouble);

  const at::Tensor centred = rows.to(at::kDouble) - rows.to(at::kDouble).mean(0);
  at::Tensor covariance = centred.t().mm(centred) / 200;
  covariance = covariance + at::eye(6, at::kDouble) * (0.1 * covariance.trace() / 6);
  const at::Tensor products = centred.mm(at::inverse(covariance)).mm(centred.t());
  const at::Tensor length = products.diagonal().sqrt();
  const at::Tensor expected = products / length.unsqueeze(0) / length.unsqueeze(1);
  EXPECT_LT((unit.mm(unit.t()) - expected).abs().max().item<double>(), 1e-4);
}

TEST(Whiten, LeavesWhatHardlyDiffersAlone) {
  std::vector<Representations> equal = {{at::ones({40, 6}), {}}};
  EXPECT_FALSE(Whiten(equal));
  EXPECT_EQ(equal[0].rows.sum().item<double>(), 240);
  std::vector<Representations> noise = {{at::ones({40, 6}) + 1e-6 * Rows().narrow(0, 0, 40), {}}};
  EXPECT_FALSE(Whiten(noise));
  std::vector<Representations> two = {{Rows().narrow(0, 0, 2), {}}};
  EXPECT_FALSE(Whiten(two));
  std::vector<Representations> none;
  EXPECT_FALSE(Whiten(none));
}

}  // namespace
}  // namespace flowtrain
