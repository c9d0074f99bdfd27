#include "pipeline/runtime/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "pipeline/base/philox.h"

namespace flowtrain {
namespace {

TEST(Histogram, BucketsFollowEachOtherWithoutAGap) {
  for (size_t i = 1; i < Histogram::kBuckets; ++i) {
    const auto begin = static_cast<uint64_t>(Histogram::Low(i));
    Histogram at, before;
    at.Add(begin);
    before.Add(begin - 1);
    EXPECT_EQ(at.bucket(i), 1u) << i;
    EXPECT_EQ(before.bucket(i - 1), 1u) << i;
  }
}

TEST(Histogram, QuantilesAreWithinABucketOfTheSortedOnes) {
  Rng rng({.seed = 3, .purpose = kTesting});
  Histogram histogram;
  std::vector<double> all;
  for (int i = 0; i < 20000; ++i) {
    const double ns = std::exp(2 + 16 * rng.Uniform());
    all.push_back(ns);
    histogram.Add(static_cast<uint64_t>(ns));
  }
  std::sort(all.begin(), all.end());
  for (const double q : {0.01, 0.5, 0.9, 0.99}) {
    const double exact = all[static_cast<size_t>(q * static_cast<double>(all.size()))];
    EXPECT_NEAR(histogram.QuantileNs(q) / exact, 1, 0.1) << q;
  }
}

TEST(Histogram, EmptyAndOverlongAreNoTrap) {
  Histogram histogram;
  EXPECT_EQ(histogram.QuantileNs(0.5), 0);
  histogram.Add(~uint64_t{0});
  EXPECT_GT(histogram.QuantileNs(0.5), 5e11);
}

TEST(Histogram, TakesAwayAnEarlierState) {
  Histogram histogram;
  histogram.Add(100);
  const Histogram earlier = histogram;
  histogram.Add(5000);
  histogram -= earlier;
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_NEAR(histogram.QuantileNs(0), 5000, 350);
}

}  // namespace
}  // namespace flowtrain
