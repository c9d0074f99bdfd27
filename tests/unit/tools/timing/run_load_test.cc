#include "tools/timing/run_load.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/made_up_run.h"

namespace flowtrain {
namespace {

using Kind = Limit::Kind;

TEST(RunLoad, IsWhatWasCountedAnImage) {
  MadeUpRun run;
  run.Node("decode", 100, 0.9);
  run.Node("augment", 50, 0.5);
  run.Lane("train", 200);
  const RunLoad load = LoadOf(run.Part(1000, 1.0), 4);
  ASSERT_EQ(load.nodes.size(), 3u);
  EXPECT_NEAR(load.nodes[0].us, 100, 1e-6);
  EXPECT_NEAR(load.nodes[0].cpu_us, 90, 1e-6);
  EXPECT_NEAR(load.nodes[1].cpu_us, 25, 1e-6);
  EXPECT_NEAR(load.lane_us, 200, 1e-6);
  EXPECT_FALSE(load.MeasuredAlone());
}

TEST(RunLoad, APartWithoutImagesIsALoadOfZeros) {
  MadeUpRun run;
  run.Node("decode", 100, 1);
  const RunLoad load = LoadOf(run.Part(0, 1.0), 4);
  EXPECT_EQ(load.nodes[0].us, 0);
  EXPECT_EQ(BoundOf(load, {4, 16, 3}).images_per_s, 0);
}

TEST(Snapshot, SinceAMomentBeforeTheGraphBeganIsAllThereWas) {
  MadeUpRun run;
  run.Node("decode", 100, 1);
  const Snapshot part = run.Part(1000, 1.0).Since(Snapshot{});
  ASSERT_EQ(part.nodes.size(), 1u);
  EXPECT_EQ(part.images(), 1000u);
}

TEST(Bound, IsTheLowestThatNoSettingLifts) {
  MadeUpRun run;
  run.Node("decode", 100, 1);
  run.Node("augment", 300, 1);
  run.Lane("train", 50);
  const RunLoad load = LoadOf(run.Part(1000, 1.0), 2);
  const Bound bound = BoundOf(load, {8, 64, 3});
  EXPECT_EQ(bound.limits.front().kind, Kind::kCores);
  EXPECT_NEAR(bound.images_per_s, 2e6 / (400 + 50), 1);  // the lane's thread is on the CPU too
}

TEST(Bound, CountsWhatTheEngineTakesOnlyWhereThreadsAreBusy) {
  MadeUpRun run;
  run.Node("augment", 80, 1);
  run.settings = {2, {2}, 16, 3};
  Snapshot busy = run.Part(20000, 1.0);  // 1.6 of 2 threads in calls
  busy.worker_cpu_ns = busy.process_cpu_ns = 2'000'000'000;
  EXPECT_NEAR(LoadOf(busy, 2).engine_us, 20, 1e-6);
  EXPECT_NEAR(BoundOf(LoadOf(busy, 2), {2, 16, 3}).images_per_s, 20000, 1);
  Snapshot idle = run.Part(5000, 1.0);  // they look for work, as fast as they can
  idle.worker_cpu_ns = idle.process_cpu_ns = 2'000'000'000;
  EXPECT_EQ(LoadOf(idle, 2).engine_us, 0);
}

TEST(Bound, OfASerialNodeIsOneOverItsTime) {
  MadeUpRun run;
  run.Node("decode", 400, 0.2).serial = true;
  const RunLoad load = LoadOf(run.Part(1000, 1.0), 16);
  const Bound bound = BoundOf(load, {32, 64, 3});
  EXPECT_EQ(bound.limits.front().name, "decode");
  EXPECT_NEAR(bound.images_per_s, 2500, 1e-6);
}

TEST(Bound, KnowsThatMoreWorkersCanBeSlower) {
  MadeUpRun run;
  run.Node("decode", 100, 1);
  RunLoad load = LoadOf(run.Part(1000, 1.0), 8);
  load.nodes[0].alone = {{1, 10000, 100}, {4, 26000, 150}, {8, 19000, 400}};
  EXPECT_NEAR(load.nodes[0].Rate(2), 10000 + 16000 / 3.0, 1);
  EXPECT_NEAR(load.nodes[0].Rate(16), 19000, 1);
  const Bound bound = BoundOf(load, {8, 64, 3});
  EXPECT_EQ(load.nodes[0].WorkersFor(1e9, 8), 4);
  EXPECT_LE(bound.images_per_s, 26000);
}

TEST(Bound, IsRaisedToARateThatARunHasReached) {
  MadeUpRun run;
  run.Node("decode", 100, 1);
  run.Lane("train", 1000);
  RunLoad load = LoadOf(run.Part(1000, 1.0), 4);
  load.lane_us = 1000;  // 1,000 images/s
  load.lane_spread = 0.03;
  load.lane_cpu_us = 0;
  const Bound estimate = BoundOf(load, {8, 64, 3});
  EXPECT_NEAR(estimate.images_per_s, 1000, 1e-6);
  EXPECT_NEAR(estimate.uncertainty, 0.03, 1e-9);
  EXPECT_EQ(estimate.estimate, 0);

  const Bound lower = Raised(estimate, 900);
  EXPECT_NEAR(lower.images_per_s, 1000, 1e-6);
  EXPECT_EQ(lower.estimate, 0);

  const Bound raised = Raised(estimate, 1210);
  EXPECT_NEAR(raised.images_per_s, 1210, 1e-6);
  EXPECT_NEAR(raised.estimate, 1000, 1e-6);
  EXPECT_NEAR(raised.uncertainty, 0.21, 1e-9);
  EXPECT_EQ(raised.limits.front().name, "the device lane");
  for (const Limit& limit : raised.limits) EXPECT_GE(limit.images_per_s, 1210);

  // Hardly passed: the measurements tell more than that.
  EXPECT_NEAR(Raised(estimate, 1010).uncertainty, 0.03, 1e-9);
  EXPECT_EQ(Raised(BoundOf(RunLoad{}, {8, 64, 3}), 10).images_per_s, 0);
}

TEST(Bound, IsAsUncertainAsTheMeasurementOfItsLimit) {
  MadeUpRun run;
  run.Node("decode", 100, 1).serial = true;
  run.Node("augment", 100, 1);
  RunLoad load = LoadOf(run.Part(1000, 1.0), 4);
  load.nodes[0].alone = {{1, 5000, 100, 0.08}};
  load.nodes[1].alone = {{1, 10000, 100, 0.02}, {4, 40000, 100, 0.04}};
  const Bound serial = BoundOf(load, {8, 64, 3});
  EXPECT_EQ(serial.limits.front().name, "decode");
  EXPECT_NEAR(serial.uncertainty, 0.08, 1e-9);
  load.nodes[0] = load.nodes[1];  // now the cores are: both nodes' spreads on four workers
  const Bound cores = BoundOf(load, {8, 64, 3});
  EXPECT_EQ(cores.limits.front().kind, Kind::kCores);
  EXPECT_NEAR(cores.uncertainty, 0.04, 1e-9);
}

TEST(Limits, AreOfTheSettingsAsTheyAre) {
  MadeUpRun run;
  run.Node("decode", 1000, 0.01);  // it waits for a disk
  run.Node("augment", 50, 1);
  run.settings = {2, {1, 2}, 16, 3};
  const RunLoad load = LoadOf(run.Part(1000, 1.0), 8);
  const std::vector<Limit> limits = LimitsOf(load, run.settings);
  EXPECT_EQ(limits.front().name, "decode");
  EXPECT_NEAR(limits.front().images_per_s, 1000, 1e-6);
}

TEST(Limits, OneBatchBufferMakesLoaderAndDeviceTakeTurns) {
  MadeUpRun run;
  run.Node("augment", 500, 1);
  run.Lane("train", 500);
  RunLoad load = LoadOf(run.Part(1000, 1.0), 8);
  load.lane_cpu_us = 0;
  const std::vector<Limit> one = LimitsOf(load, {1, {1, 1}, 16, 1});
  EXPECT_EQ(one.front().kind, Kind::kBatchSlots);
  EXPECT_NEAR(one.front().images_per_s, 1000, 1e-6);
  EXPECT_NE(LimitsOf(load, {1, {1, 1}, 16, 3}).front().kind, Kind::kBatchSlots);
}

TEST(Allotment, GivesANodeWhatTheBoundAsksOfItAndNoMore) {
  MadeUpRun run;
  run.Node("decode", 100, 1);
  run.Node("augment", 300, 1);
  RunLoad load = LoadOf(run.Part(1000, 1.0), 4);
  load.lane_cpu_us = 0;
  const GraphSettings settings = Allotment(load, {8, 64, 4});
  EXPECT_EQ(settings.threads, 4);                         // as many as there are cores
  EXPECT_EQ(settings.workers, (std::vector<int>{2, 4}));  // 1.1 and 3.3 of them, rounded up
  EXPECT_EQ(settings.sample_slots, 16);
  EXPECT_EQ(settings.batch_slots, 3);
}

TEST(Allotment, GivesMoreThreadsThanCoresToNodesThatWait) {
  MadeUpRun run;
  run.Node("decode", 1000, 0.05);
  run.Node("augment", 50, 1);
  RunLoad load = LoadOf(run.Part(1000, 1.0), 2);
  load.lane_cpu_us = 0;
  EXPECT_EQ(Allotment(load, {8, 64, 3}).threads, 8);
}

}  // namespace
}  // namespace flowtrain
