#include "tools/timing/recorder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace flowtrain {
namespace {

std::vector<Slice> SlicesOf(const std::vector<double>& rates) {
  std::vector<Slice> slices;
  for (const double rate : rates) {
    slices.emplace_back();
    slices.back().images_per_s = rate;
  }
  return slices;
}

TEST(Uncertainty, IsTwoStandardErrorsOfEightParts) {
  // Parts of two slices each, with means 90 and 110 by turns.
  std::vector<double> rates;
  for (int part = 0; part < 8; ++part) {
    const double mean = part % 2 == 0 ? 90 : 110;
    rates.insert(rates.end(), {mean - 50, mean + 50});
  }
  const double deviation = std::sqrt(8.0 / 7) * 10;
  EXPECT_NEAR(UncertaintyOf(SlicesOf(rates)).value(), 2 * deviation / std::sqrt(8.0) / 100, 1e-9);
  rates.insert(rates.begin(), 1e6);  // a remainder is left out
  EXPECT_NEAR(UncertaintyOf(SlicesOf(rates)).value(), 2 * deviation / std::sqrt(8.0) / 100, 1e-9);
}

TEST(Uncertainty, OfASteadyRunIsNoneAndOfAShortOneUnknown) {
  EXPECT_EQ(UncertaintyOf(SlicesOf(std::vector<double>(20, 100))), 0);
  EXPECT_FALSE(UncertaintyOf(SlicesOf(std::vector<double>(7, 100))));
  EXPECT_FALSE(UncertaintyOf(SlicesOf(std::vector<double>(8, 0))));
}

}  // namespace
}  // namespace flowtrain
