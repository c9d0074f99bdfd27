#include "tools/tune/rank_settings.h"

#include <gtest/gtest.h>

#include "nodes/distributed/rank_store.h"

namespace flowtrain {
namespace {

const GraphSettings kSettings{3, {1, 2, 4}, 16, 2}, kOthers{1, {1, 1, 1}, 8, 1};

TEST(RankSettings, AreTheSameAfterTheirJourney) {
  const auto read = ToSettings(ToText(7, kSettings));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->number, 7);
  EXPECT_EQ(read->settings, kSettings);
  EXPECT_FALSE(ToSettings("").has_value()) << "rank 0 has said nothing yet";
  EXPECT_FALSE(ToSettings("7 3").has_value());
}

// Both ranks in one process, with the store between them.
TEST(RankSettings, RankZeroGoesOnWhenAllAreSet) {
  const RankStore store = RankStore::OfOneProcess();
  GraphSettings own, other;
  RankSettings leader({store, 0, 2}, [&](const GraphSettings& settings) { own = settings; });
  RankSettings follower({store, 1, 2}, [&](const GraphSettings& settings) { other = settings; });
  follower.Follow();
  EXPECT_EQ(other, GraphSettings());
  int looks = 0;
  const auto pause = [&](double) {
    EXPECT_EQ(own, kSettings);
    if (++looks == 3) follower.Follow();
    return true;
  };
  EXPECT_TRUE(leader.Apply(kSettings, pause));
  EXPECT_EQ(looks, 3);
  EXPECT_EQ(other, kSettings);
  // That it had set the ones before does not count.
  EXPECT_FALSE(leader.Apply(kOthers, [](double) { return false; }));
  EXPECT_EQ(other, kSettings);
  follower.Follow();
  EXPECT_EQ(other, kOthers);
}

}  // namespace
}  // namespace flowtrain
