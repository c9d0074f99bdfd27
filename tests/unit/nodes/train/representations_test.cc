#include "nodes/train/representations.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/golden/representations_golden.h"

namespace flowtrain {
namespace {

// As `drawn` in make_representations_golden.py.
at::Tensor DrawnFigures(at::IntArrayRef shape, int64_t factor) {
  const at::Tensor n = at::arange(c10::multiply_integers(shape), at::kLong);
  return ((n * n * 37 + n * factor).remainder(97) - 48).to(at::kDouble).view(shape) / 16;
}

at::Tensor Projections(int64_t images) {
  return DrawnFigures({2, 24, 6}, 59).narrow(1, 0, images).contiguous();
}

void ExpectFigures(const std::optional<RepresentationFigures>& found,
                   const RepresentationFigures& expected, double tolerance = 1e-10) {
  ASSERT_TRUE(found.has_value());
  EXPECT_NEAR(found->rankme, expected.rankme, tolerance * expected.rankme);
  EXPECT_NEAR(found->feature_std, expected.feature_std, tolerance);
  EXPECT_NEAR(found->projection_std, expected.projection_std, tolerance);
  EXPECT_NEAR(found->alignment, expected.alignment, tolerance);
  EXPECT_NEAR(found->uniformity, expected.uniformity, tolerance);
}

TEST(MeasureRepresentations, IsWhatNumpySays) {
  const at::Tensor full = DrawnFigures({24, 10}, 101);
  ExpectFigures(MeasureRepresentations(full, Projections(24)), kFullRank);
  const at::Tensor low = at::mm(DrawnFigures({24, 3}, 11), DrawnFigures({3, 10}, 29));
  ExpectFigures(MeasureRepresentations(low, Projections(24)), kRankThree, 1e-6);
  ExpectFigures(MeasureRepresentations(full.view({8, 30}), Projections(8)), kWide);
}

TEST(MeasureRepresentations, TakesFloatsAsTheyAre) {
  const at::Tensor full = DrawnFigures({24, 10}, 101).to(at::kFloat);
  ExpectFigures(MeasureRepresentations(full, Projections(24).to(at::kFloat)), kFullRank);
}

TEST(MeasureRepresentations, OfCollapsedOnes) {
  const at::Tensor row = DrawnFigures({1, 10}, 101);
  const at::Tensor same = row.expand({24, 10}).contiguous();
  const auto figures =
      MeasureRepresentations(same, Projections(1).narrow(0, 0, 1).expand({2, 24, 6}));
  ASSERT_TRUE(figures.has_value());
  EXPECT_NEAR(figures->rankme, 1, 1e-4);
  EXPECT_NEAR(figures->feature_std, 0, 1e-10);
  EXPECT_NEAR(figures->projection_std, 0, 1e-10);
  EXPECT_NEAR(figures->alignment, 0, 1e-10);
  EXPECT_NEAR(figures->uniformity, 0, 1e-10);
  const auto zero = MeasureRepresentations(at::zeros({4, 3}), at::zeros({2, 4, 3}));
  ASSERT_TRUE(zero.has_value());
  EXPECT_NEAR(zero->rankme, 1, 1e-4);
  EXPECT_EQ(zero->feature_std, 0);
}

TEST(MeasureRepresentations, NothingWhereAValueIsNotFinite) {
  at::Tensor features = at::ones({4, 3});
  const at::Tensor projections = at::ones({2, 4, 3});
  features[1][1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(MeasureRepresentations(features, projections).has_value());
  EXPECT_FALSE(MeasureRepresentations(projections[0], projections / 0).has_value());
}

// The micro-batches of a window, as [2n, …].
void AddMicroBatches(RepresentationSample& sample, const at::Tensor& features,
                     const at::Tensor& projections, int64_t count) {
  for (int64_t first = 0; first < features.size(0); first += count) {
    const at::Tensor own = features.narrow(0, first, count);
    sample.Add(at::cat({own, own + 100}), projections.narrow(1, first, count).flatten(0, 1));
  }
}

TEST(RepresentationSample, IsTheWindowsInWhateverMicroBatches) {
  const at::Tensor features = DrawnFigures({24, 10}, 101);
  for (const int64_t count : {24, 8, 3}) {
    RepresentationSample sample(1);
    sample.Begin({.step = 5, .images = 24});
    AddMicroBatches(sample, features, Projections(24), count);
    // The second of two passes adds nothing.
    AddMicroBatches(sample, features * 3, Projections(24) * 2, count);
    ExpectFigures(sample.Finish(), kFullRank);
  }
}

TEST(RepresentationSample, AWindowThatIsComputedAgainCountsOnce) {
  const at::Tensor features = DrawnFigures({24, 10}, 101);
  RepresentationSample sample(1);
  sample.Begin({.step = 5, .images = 24});
  sample.Add(at::zeros({16, 10}), at::zeros({16, 6}));
  sample.Restart();
  AddMicroBatches(sample, features, Projections(24), 8);
  ExpectFigures(sample.Finish(), kFullRank);
}

TEST(RepresentationSample, TakesTheFirst512Images) {
  const at::Tensor features = DrawnFigures({600, 10}, 101), z = DrawnFigures({2, 600, 6}, 59);
  RepresentationSample sample(1);
  sample.Begin({.step = 0, .images = 600});
  AddMicroBatches(sample, features, z, 200);
  const auto expected = MeasureRepresentations(features.narrow(0, 0, 512), z.narrow(1, 0, 512));
  ASSERT_TRUE(expected.has_value());
  ExpectFigures(sample.Finish(), *expected, 0);
}

std::vector<uint64_t> StepsMeasured(int64_t every, uint64_t short_window_every) {
  RepresentationSample sample(every);
  std::vector<uint64_t> steps;
  for (uint64_t step = 0; step < 12; ++step) {
    const bool whole = short_window_every == 0 || (step + 1) % short_window_every != 0;
    sample.Begin({.step = step, .images = 4, .whole = whole});
    sample.Add(at::eye(8), at::eye(8));
    if (sample.Finish()) steps.push_back(step + 1);
  }
  return steps;
}

TEST(RepresentationSample, IsTakenEveryNSteps) {
  EXPECT_EQ(StepsMeasured(0, 0), std::vector<uint64_t>{});
  EXPECT_EQ(StepsMeasured(5, 0), (std::vector<uint64_t>{1, 5, 10}));
}

TEST(RepresentationSample, AShortWindowLeavesItToTheNextOne) {
  EXPECT_EQ(StepsMeasured(5, 5), (std::vector<uint64_t>{1, 6, 11}));
}

}  // namespace
}  // namespace flowtrain
