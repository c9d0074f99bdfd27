#include "nodes/train/fastest_micro_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace flowtrain {
namespace {

using ::testing::ElementsAre;

// What a window takes in micro-batches of each size; those not named do not fit.
class FastestMicroBatchOf : public ::testing::Test {
 protected:
  int64_t Fastest(int64_t window_images, int64_t least, std::map<int64_t, uint64_t> times) {
    tried_.clear();
    return FastestMicroBatch(window_images, least,
                             [&](int64_t micro_batch) -> std::optional<uint64_t> {
                               tried_.push_back(micro_batch);
                               const auto found = times.find(micro_batch);
                               if (found == times.end()) return std::nullopt;
                               return found->second;
                             });
  }
  std::vector<int64_t> tried_;
};

TEST_F(FastestMicroBatchOf, TheLargestWinsUnlessASmallerOneIsClearlyFaster) {
  EXPECT_EQ(Fastest(512, 1, {{512, 100}, {256, 91}, {128, 95}, {64, 10}}), 512);
  EXPECT_THAT(tried_, ElementsAre(512, 256, 128));  // two tries in vain, and no more
  EXPECT_EQ(Fastest(512, 1, {{512, 100}, {256, 95}, {128, 50}, {64, 49}, {32, 48}}), 128);
}

TEST_F(FastestMicroBatchOf, WhatDoesNotFitCountsNeitherAsATimeNorAsATryInVain) {
  EXPECT_EQ(Fastest(1000, 1, {{63, 100}, {32, 200}, {16, 200}}), 63);
  EXPECT_THAT(tried_, ElementsAre(1000, 500, 250, 125, 63, 32, 16));
}

TEST_F(FastestMicroBatchOf, WhereNothingFitsItIsTheLeast) {
  EXPECT_EQ(Fastest(5, 2, {}), 2);
  EXPECT_THAT(tried_, ElementsAre(5, 3, 2));
  EXPECT_EQ(Fastest(1, 1, {{1, 7}}), 1);
}

}  // namespace
}  // namespace flowtrain
