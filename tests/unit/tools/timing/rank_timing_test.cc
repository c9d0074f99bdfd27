#include "tools/timing/rank_timing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace flowtrain {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

json Measured(double starved) {
  return {{"machine", {{"host", "a"}}},
          {"images_per_s", 100.0},
          {"nodes",
           {{{"place", "workers"}, {"busy", 1.0}, {"starved", 0.9}},
            {{"place", "lane"}, {"busy", 0.8}, {"starved", starved}},
            {{"place", "lane"}, {"busy", 0.1}, {"starved", 0.9}}}}};
}

json TimingOf(double first_waited_s, double second_waited_s, double second_starved) {
  return {{"ranks",
           {RankTiming(0, Measured(0.05), first_waited_s, 10),
            RankTiming(1, Measured(second_starved), second_waited_s, 10)}}};
}

TEST(RankTiming, TheSlowestWaitsLeast) {
  const std::string text = RanksText(TimingOf(4, 0.5, 0.02));
  EXPECT_THAT(text, HasSubstr("Rank 1 is the slowest: it waits 5.0% of the time for the others, "
                              "which wait up to 40.0%.\n"));
  EXPECT_THAT(RanksText(TimingOf(0.1, 3, 0.02)), HasSubstr("Rank 0 is the slowest: it waits 1.0%"));
}

TEST(RankTiming, SaysWhereTheLoaderIsWhatIsSlow) {
  EXPECT_THAT(RanksText(TimingOf(4, 0.5, 0.3)),
              HasSubstr("; its device waits 30.0% of it for the loader.\n"));
}

TEST(RankTiming, RanksThatAreAsFastAreNotBlamed) {
  const std::string text = RanksText(TimingOf(1.2, 1.0, 0));
  EXPECT_THAT(text, HasSubstr("All ranks are about as fast"));
  EXPECT_THAT(text, HasSubstr("12.0% of the time"));
  EXPECT_THAT(text, Not(HasSubstr("slowest")));
}

TEST(RankTiming, OneProcessHasNone) { EXPECT_EQ(RanksText(json::object()), ""); }

}  // namespace
}  // namespace flowtrain
