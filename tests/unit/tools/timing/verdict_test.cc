#include "tools/timing/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/made_up_run.h"

namespace flowtrain {
namespace {

using Kind = Limit::Kind;
using testing::HasSubstr;
using testing::Not;

constexpr Capacity kMost{8, 64, 4};

TEST(Verdict, NamesTheNodeThatIsToGetMoreWorkers) {
  MadeUpRun run;
  run.Node("decode", 1000, 0.05).saturated_ns = 970'000'000;
  run.Node("augment", 100, 0.05);
  run.settings = {8, {1, 4}, 64, 3};
  const Snapshot part = run.Part(1000, 1.0);
  const Verdict verdict = VerdictOf(part, LoadOf(part, 8), kMost);
  EXPECT_EQ(verdict.limit.name, "decode");
  EXPECT_THAT(verdict.sentence, HasSubstr("decode is saturated 97% of the time"));
  EXPECT_THAT(verdict.sentence, HasSubstr("decode workers 1 -> 8 should give"));
  EXPECT_GT(verdict.settings.workers[0], 1);
  EXPECT_GT(verdict.predicted, 3000);
  // Calls that wait may wait for each other: only a measurement tells.
  EXPECT_THAT(verdict.sentence, HasSubstr("at most"));
}

TEST(Verdict, ProposesNothingWhereTheCoresAreFull) {
  MadeUpRun run;
  run.Node("decode", 200, 1);
  run.Node("augment", 800, 1);
  run.settings = {2, {2, 2}, 16, 3};
  const Snapshot part = run.Part(2000, 1.0);
  const Verdict verdict = VerdictOf(part, LoadOf(part, 2), kMost);
  EXPECT_EQ(verdict.limit.kind, Kind::kCores);
  EXPECT_EQ(verdict.predicted, 0);
  EXPECT_EQ(verdict.settings, part.settings);
  EXPECT_THAT(verdict.sentence, HasSubstr("augment takes 80% of the CPU time"));
}

TEST(Verdict, OfFewThreadsOnManyCoresIsToTakeMore) {
  MadeUpRun run;
  run.Node("decode", 200, 1);
  run.Node("augment", 800, 1);
  run.settings = {2, {2, 2}, 64, 3};
  const Snapshot part = run.Part(2000, 1.0);
  const Verdict verdict = VerdictOf(part, LoadOf(part, 8), kMost);
  EXPECT_EQ(verdict.limit.kind, Kind::kThreads);
  EXPECT_THAT(verdict.sentence, HasSubstr(": threads 2 -> 8, "));
  EXPECT_THAT(verdict.sentence, HasSubstr("augment workers 2 -> "));
  EXPECT_NEAR(verdict.predicted, 8000, 500);
}

TEST(Verdict, OfABusyDeviceSaysThatTheLoaderKeepsUp) {
  MadeUpRun run;
  run.Node("augment", 50, 1);
  run.Lane("train", 990);
  run.settings = {2, {2, 1}, 16, 3};
  const Snapshot part = run.Part(1000, 1.0);
  const Verdict verdict = VerdictOf(part, LoadOf(part, 8), kMost);
  EXPECT_EQ(verdict.limit.kind, Kind::kLane);
  EXPECT_THAT(verdict.sentence, HasSubstr("The device is the limit: its lane is busy 99%"));
  EXPECT_THAT(verdict.sentence, HasSubstr("100% of that in train"));
  EXPECT_EQ(verdict.predicted, 0);
}

TEST(Verdict, KnowsALockFromASleepWhenNodesWereMeasuredAlone) {
  MadeUpRun run;
  run.Node("decode", 4000, 0.25);  // four workers of which one works
  run.settings = {4, {4}, 64, 3};
  const Snapshot part = run.Part(1000, 1.0);
  RunLoad load = LoadOf(part, 8);
  load.nodes[0].alone = {{1, 1000, 1000}, {4, 1000, 1000}, {8, 1000, 1000}};
  const Verdict locked = VerdictOf(part, load, kMost);
  EXPECT_EQ(locked.limit.name, "decode");
  EXPECT_EQ(locked.predicted, 0);
  EXPECT_THAT(locked.sentence, HasSubstr("more of its workers are no faster"));
  EXPECT_THAT(locked.sentence, HasSubstr("1 worker would do as much"));

  load.nodes[0].alone = {{1, 250, 1000}, {4, 1000, 1000}, {8, 2000, 1000}};
  const Verdict asleep = VerdictOf(part, load, kMost);
  EXPECT_GT(asleep.settings.workers[0], 4);
  EXPECT_THAT(asleep.sentence, Not(HasSubstr("at most")));
}

TEST(Verdict, OfASerialNodeNeverProposesWorkers) {
  MadeUpRun run;
  NodeCounters& node = run.Node("decode", 950, 0.2);
  node.serial = true;
  node.saturated_ns = 990'000'000;
  run.settings = {8, {1}, 64, 3};
  const Snapshot part = run.Part(1000, 1.0);
  const Verdict verdict = VerdictOf(part, LoadOf(part, 8), kMost);
  EXPECT_EQ(verdict.limit.name, "decode");
  EXPECT_THAT(verdict.sentence, HasSubstr("takes one packet at a time"));
  EXPECT_EQ(verdict.settings, part.settings);
}

TEST(Verdict, OfNothingSaysSo) {
  MadeUpRun run;
  run.Node("decode", 100, 1);
  const Snapshot part = run.Part(0, 1.0);
  EXPECT_THAT(VerdictOf(part, LoadOf(part, 2), kMost).sentence, HasSubstr("Nothing came through"));
}

}  // namespace
}  // namespace flowtrain
