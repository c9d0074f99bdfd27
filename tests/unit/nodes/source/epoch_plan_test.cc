// The batches of a run, alone and shared among ranks.

#include "nodes/source/epoch_plan.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace flowtrain {
namespace {

constexpr uint64_t kSteps = 30;

// The batches of a step that a rank uses.
std::vector<std::pair<uint64_t, uint64_t>> BatchesOf(const EpochPlan& plan, uint64_t step) {
  std::vector<std::pair<uint64_t, uint64_t>> batches;
  const uint64_t first = plan.FirstBatch(step);
  const int window = plan.At(first).window;
  for (int i = 0; i < window; ++i) {
    const PlannedBatch batch = plan.At(first + static_cast<uint64_t>(i));
    EXPECT_EQ(batch.step, step);
    EXPECT_EQ(batch.in_window, i);
    EXPECT_EQ(batch.window, window);
    if (!batch.spare) batches.emplace_back(batch.epoch, batch.batch);
  }
  return batches;
}

// Whatever the number of ranks, a step has the batches that it has for one, in the ranks' order.
TEST(EpochPlan, RanksShareTheWindowsOfOne) {
  for (const int window : {1, 2, 3, 4, 6}) {
    for (uint64_t batches = 1; batches <= 13; ++batches) {
      const EpochPlan one(batches, window);
      for (int ranks = 2; ranks <= 5; ++ranks) {
        if (one.whole_window() < ranks) continue;
        for (uint64_t step = 0; step < kSteps; ++step) {
          std::vector<std::pair<uint64_t, uint64_t>> all;
          for (int rank = 0; rank < ranks; ++rank) {
            const EpochPlan plan(batches, window, rank, ranks);
            ASSERT_EQ(plan.steps_per_epoch(), one.steps_per_epoch());
            const auto own = BatchesOf(plan, step);
            all.insert(all.end(), own.begin(), own.end());
          }
          ASSERT_EQ(all, BatchesOf(one, step)) << window << ' ' << batches << ' ' << ranks;
        }
      }
    }
  }
}

TEST(EpochPlan, ARankWithoutABatchTakesASpareOneOfItsWindow) {
  // 7 batches in windows of 3: the last window of an epoch has one batch.
  std::set<int> used;
  for (int rank = 0; rank < 3; ++rank) {
    const EpochPlan plan(7, 3, rank, 3);
    const PlannedBatch last = plan.At(plan.FirstBatch(2));
    EXPECT_EQ(last.batch, 6u);
    EXPECT_EQ(last.window, 1);
    EXPECT_EQ(last.window_over_all, 1);
    EXPECT_TRUE(last.last_of_epoch);
    if (!last.spare) used.insert(rank);
    EXPECT_EQ(plan.At(plan.FirstBatch(2) + 1).step, 3u);
    EXPECT_EQ(plan.At(plan.FirstBatch(2) + 1).epoch, 1u);
  }
  EXPECT_EQ(used.size(), 1u);
}

TEST(EpochPlan, OneRankHasItAll) {
  const EpochPlan plan(7, 3);
  EXPECT_EQ(plan.FirstBatch(5), 13u);
  const PlannedBatch batch = plan.At(12);
  EXPECT_EQ(batch.epoch, 1u);
  EXPECT_EQ(batch.batch, 5u);
  EXPECT_EQ(batch.in_window, 2);
  EXPECT_EQ(batch.window, 3);
  EXPECT_EQ(batch.window_over_all, 3);
  EXPECT_FALSE(batch.spare);
  EXPECT_FALSE(batch.last_of_epoch);
  EXPECT_TRUE(plan.At(13).last_of_epoch);
}

}  // namespace
}  // namespace flowtrain
