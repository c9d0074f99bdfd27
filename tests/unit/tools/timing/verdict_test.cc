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

// The lane is as busy, but with launching: the device waits for it.
TEST(Verdict, OfADeviceThatWaitsForLaunchesSaysWhatHelps) {
  MadeUpRun run;
  run.Node("augment", 50, 1);
  run.Lane("train", 990);
  run.settings = {2, {2, 1}, 16, 3};
  const Snapshot part = run.Part(1000, 1.0);
  RunLoad load = LoadOf(part, 8);
  load.device_busy = 0.42;
  const Verdict verdict = VerdictOf(part, load, kMost);
  EXPECT_EQ(verdict.limit.kind, Kind::kLane);
  EXPECT_EQ(verdict.node, "train");
  EXPECT_EQ(verdict.predicted, 0);
  EXPECT_THAT(verdict.sentence,
              HasSubstr("launch-bound: the device's lane is busy 99% of the time, 100% of that in "
                        "train, but the device itself only 42%"));
  EXPECT_THAT(verdict.sentence, HasSubstr("larger batches (data.batch_size) in fewer "
                                          "accumulation steps (gpu.gradient_accumulation)"));
  load.device_busy = 0.95;
  EXPECT_THAT(VerdictOf(part, load, kMost).sentence, HasSubstr("The device is the limit"));
}

// A device that has little to do because the loader brings little is not launch-bound.
TEST(Verdict, OfAnIdleLaneIsNotOfLaunches) {
  MadeUpRun run;
  run.Node("augment", 1000, 1);
  run.Lane("train", 100);
  run.settings = {2, {2, 1}, 64, 3};
  const Snapshot part = run.Part(2000, 1.0);
  RunLoad load = LoadOf(part, 2);
  load.device_busy = 0.1;
  EXPECT_THAT(VerdictOf(part, load, kMost).sentence, Not(HasSubstr("launch-bound")));
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

// Ten seconds in which the run got 0.46 of two cores and others took 1.5.
CpuUse OthersBusy() {
  return {10'000'000'000, 4'600'000'000, 19'600'000'000, 400'000'000, 0, 0, 0};
}

MadeUpRun CpuBoundRun() {
  MadeUpRun run;
  run.Node("decode", 1000, 0.5);  // preempted half of the time
  run.Node("augment", 3000, 0.5);
  run.settings = {2, {2, 2}, 16, 3};
  return run;
}

TEST(Verdict, NamesOtherProgramsAndTheirShare) {
  Snapshot part = CpuBoundRun().Part(500, 1.0);
  part.cpu = OthersBusy();
  RunLoad load = LoadOf(part, 2);
  for (const bool alone : {false, true}) {
    if (alone) {
      load.nodes[0].alone = {{1, 2000, 500}, {2, 4000, 500}};
      load.nodes[1].alone = {{1, 667, 1500}, {2, 1333, 1500}};
    }
    const Verdict verdict = VerdictOf(part, load, kMost);
    EXPECT_EQ(verdict.limit.kind, Kind::kOthers);
    EXPECT_THAT(verdict.sentence,
                HasSubstr("Other programs are the limit: they take 1.50 of the 2 cores (75%)"));
    EXPECT_EQ(verdict.predicted, 0);
    EXPECT_EQ(verdict.settings, part.settings);
    // 1,000 images/s on two cores that are free.
    EXPECT_EQ(verdict.sentence.find("up to 2.0x should be possible") != std::string::npos, alone);
  }
}

TEST(Verdict, PromisesNothingFromWhatOthersDisturbed) {
  Snapshot part = CpuBoundRun().Part(500, 1.0);
  part.cpu = OthersBusy();
  RunLoad load = LoadOf(part, 2);
  load.nodes[0].alone = {{1, 2000, 500}, {2, 4000, 500}};
  load.nodes[1].alone = {{1, 667, 1500}, {2, 1333, 1500}};
  load.alone_others = 1.2;
  EXPECT_THAT(VerdictOf(part, load, kMost).sentence, HasSubstr("Stop them and measure again."));
}

TEST(Verdict, OtherProgramsAreNotTheLimitOnAMachineWithRoomOrWhereTheyTakeLittle) {
  Snapshot part = CpuBoundRun().Part(500, 1.0);
  part.cpu = OthersBusy();
  part.cpu.idle_ns = 10'000'000'000;
  const Verdict roomy = VerdictOf(part, LoadOf(part, 2), kMost);
  EXPECT_NE(roomy.limit.kind, Kind::kOthers);
  EXPECT_THAT(roomy.sentence, HasSubstr("Meanwhile other programs take 1.50 of the 2 cores (75%)"));
  part.cpu = OthersBusy();
  part.cpu.own_ns = 18'600'000'000;  // others: 0.1 of a core
  const Verdict alone = VerdictOf(part, LoadOf(part, 2), kMost);
  EXPECT_NE(alone.limit.kind, Kind::kOthers);
  EXPECT_THAT(alone.sentence, Not(HasSubstr("other programs")));
}

TEST(Verdict, ADeviceThatIsBusyIsTheLimitWhateverOthersDo) {
  MadeUpRun run;
  run.Node("augment", 50, 1);
  run.Lane("train", 990);
  run.settings = {2, {2, 1}, 16, 3};
  Snapshot part = run.Part(1000, 1.0);
  part.cpu = OthersBusy();
  RunLoad load = LoadOf(part, 2);
  load.lane_cpu_us = 0;
  const Verdict verdict = VerdictOf(part, load, kMost);
  EXPECT_EQ(verdict.limit.kind, Kind::kLane);
  EXPECT_EQ(verdict.node, "train");
  EXPECT_THAT(verdict.sentence, HasSubstr("1.50 of the 2 cores (75%)"));
}

TEST(Verdict, TellsOtherMachinesFromOtherPrograms) {
  Snapshot part = CpuBoundRun().Part(500, 1.0);
  part.cpu = {10'000'000'000, 4'600'000'000, 4'600'000'000, 400'000'000, 15'000'000'000, 0, 0};
  const Verdict verdict = VerdictOf(part, LoadOf(part, 2), kMost);
  EXPECT_EQ(verdict.limit.kind, Kind::kOthers);
  EXPECT_THAT(verdict.sentence,
              HasSubstr("Other virtual machines are the limit: they take 1.50 of the 2 "
                        "cores (75%)"));
}

TEST(Verdict, SaysThatTheQuotaOfTheCgroupRanOut) {
  Snapshot part = CpuBoundRun().Part(500, 1.0);
  part.cpu.periods = 100;
  part.cpu.throttled_periods = 43;
  EXPECT_THAT(VerdictOf(part, LoadOf(part, 2), kMost).sentence,
              HasSubstr("The CPU quota of its cgroup ran out in 43% of the periods"));
}

TEST(Verdict, NeverExpectsMoreThanTheBound) {
  MadeUpRun run;
  run.Node("decode", 1000, 0.05);
  run.settings = {8, {1}, 64, 3};
  const Snapshot part = run.Part(3000, 1.0);  // faster than the 1,000 images/s of one worker
  RunLoad load = LoadOf(part, 8);
  load.nodes[0].us = 1000;
  load.nodes[0].cpu_us = 50;
  const Verdict verdict = VerdictOf(part, load, kMost);
  EXPECT_LE(verdict.predicted, Raised(BoundOf(load, kMost), 3000).images_per_s * 1.001);
  EXPECT_GT(verdict.predicted, 3000);
}

TEST(Verdict, OfAFullProcessorNamesTheLaneThatTakesMostOfIt) {
  MadeUpRun run;
  run.Node("augment", 200, 1);
  run.Lane("train", 800);
  run.settings = {2, {1, 1}, 16, 3};
  const Snapshot part = run.Part(1000, 1.0);
  const Verdict verdict = VerdictOf(part, LoadOf(part, 1), kMost);
  EXPECT_EQ(verdict.limit.kind, Kind::kCores);
  EXPECT_EQ(verdict.node, "train");
  EXPECT_THAT(verdict.sentence, HasSubstr("train takes 80% of the CPU time"));
}

TEST(Verdict, OfNothingSaysSo) {
  MadeUpRun run;
  run.Node("decode", 100, 1);
  const Snapshot part = run.Part(0, 1.0);
  EXPECT_THAT(VerdictOf(part, LoadOf(part, 2), kMost).sentence, HasSubstr("Nothing came through"));
}

}  // namespace
}  // namespace flowtrain
