#include "pipeline/base/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flowtrain::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Topology, KeepsTheGivenOrderWhereItMay) {
  EXPECT_THAT(SortTopologically({}).order, IsEmpty());
  EXPECT_THAT(SortTopologically({{}, {}, {}}).order, ElementsAre(0, 1, 2));
  EXPECT_THAT(SortTopologically({{2}, {}, {1}}).order, ElementsAre(1, 2, 0));
  EXPECT_THAT(SortTopologically({{1, 2}, {2}, {}}).order, ElementsAre(2, 1, 0));
}

TEST(Topology, FindsACycleAndNothingThatHangsOnIt) {
  EXPECT_THAT(SortTopologically({{0}}).cycle, ElementsAre(0));
  EXPECT_THAT(SortTopologically({{}, {}}).cycle, IsEmpty());
  // 4 hangs on the cycle 1, 2, 3; 0 is free.
  EXPECT_THAT(SortTopologically({{}, {3, 0}, {1}, {2}, {3}}).cycle, ElementsAre(1, 2, 3));
  EXPECT_THAT(SortTopologically({{4}, {0}, {1}, {2}, {3}}).cycle, ElementsAre(0, 1, 2, 3, 4));
}

}  // namespace
}  // namespace flowtrain::internal
