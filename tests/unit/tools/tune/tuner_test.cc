#include "tools/tune/tuner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "pipeline/base/philox.h"
#include "tests/support/made_up_run.h"

namespace flowtrain {
namespace {

// A machine that does with any settings what a formula says, give or take `noise`.
class Machine {
 public:
  using Rate = std::function<double(const GraphSettings&)>;
  Machine(Rate rate, double noise) : rate_(std::move(rate)), noise_(noise) {
    run_.Node("decode", 100, 0.02);
    run_.Node("augment", 100, 0.02);
    load = LoadOf(run_.Part(1000, 1.0), 4);
    load.lane_cpu_us = 0;
  }

  std::optional<Snapshot> operator()(const GraphSettings& settings, double seconds) {
    ++tries;
    if (tries > stop_after) return std::nullopt;
    const double rate = rate_(settings) * (1 + noise_ * (2 * rng_.Uniform() - 1));
    run_.settings = settings;
    return run_.Part(static_cast<uint64_t>(rate * seconds), seconds);
  }

  RunLoad load;
  int tries = 0, stop_after = 100000;

 private:
  const Rate rate_;
  const double noise_;
  MadeUpRun run_;
  Rng rng_{{.seed = 5, .purpose = kTesting}};
};

TunePlan Plan() {
  TunePlan plan;
  plan.most = {8, 64, 4};
  plan.names = {"decode", "augment"};
  plan.tunable = {true, true};
  plan.cores = 4;
  plan.seconds = 10;
  return plan;
}

Tuning TuneOn(Machine& machine, const TunePlan& plan, const GraphSettings& start) {
  return Tune(plan, start, machine.load, std::ref(machine), [](const Comparison&) {});
}

TEST(Tuner, FindsThePeakOfANodeThatMoreWorkersSlowDown) {
  // Best with 3 of augment; decode must be 2 at least.
  Machine machine(
      [](const GraphSettings& s) {
        return 1000.0 * std::min(2, s.workers[0]) * (s.workers[1] <= 3 ? s.workers[1] : 2.0);
      },
      0.005);
  machine.load.nodes[0].us = machine.load.nodes[1].us = 1;  // a bound out of reach
  const Tuning tuning = TuneOn(machine, Plan(), {4, {1, 1}, 16, 3});
  EXPECT_TRUE(tuning.finished);
  EXPECT_EQ(tuning.best.workers[1], 3);
  EXPECT_GE(tuning.best.workers[0], 2);
  EXPECT_NEAR(tuning.best_rate, 6000, 60);
  EXPECT_NEAR(tuning.gain, 6, 0.1);
}

TEST(Tuner, KeepsWhatItBeganWithWhereNothingIsBeyondTheNoise) {
  Machine machine([](const GraphSettings&) { return 1000.0; }, 0.05);
  machine.load.nodes[0].us = machine.load.nodes[1].us = 1;
  const GraphSettings start{4, {2, 2}, 16, 3};
  TunePlan plan = Plan();
  plan.least_gain = 0.06;
  const Tuning tuning = TuneOn(machine, plan, start);
  EXPECT_EQ(tuning.best, start);
  EXPECT_EQ(tuning.gain, 1);
  EXPECT_FALSE(tuning.tried.empty());
}

TEST(Tuner, StopsAtTheBound) {
  Machine machine([](const GraphSettings& s) { return s.threads >= 4 ? 40000.0 : 20000.0; }, 0);
  machine.load.nodes[0].us = machine.load.nodes[1].us = 100;
  const Tuning tuning = TuneOn(machine, Plan(), {2, {2, 2}, 16, 3});
  EXPECT_EQ(tuning.why, "the bound is reached");
  EXPECT_LT(machine.tries, 40);
}

TEST(Tuner, StoppedHalfWayKeepsTheBestSoFar) {
  Machine machine([](const GraphSettings& s) { return 1000.0 * s.workers[0]; }, 0);
  machine.load.nodes[0].us = machine.load.nodes[1].us = 1;
  Tuning whole = TuneOn(machine, Plan(), {8, {1, 1}, 16, 3});
  machine.stop_after = machine.tries + 10;
  const Tuning tuning = TuneOn(machine, Plan(), {8, {1, 1}, 16, 3});
  EXPECT_FALSE(tuning.finished);
  EXPECT_GT(tuning.best.workers[0], 1);
  EXPECT_LE(tuning.best.workers[0], whole.best.workers[0]);
}

TEST(Tuner, TakesNoMoreThreadsThanCoresForWorkThatKeepsThemBusy) {
  Machine machine([](const GraphSettings& s) { return 1000.0 * s.threads; }, 0);
  for (NodeLoad& node : machine.load.nodes) node.us = node.cpu_us = 1;
  int most = 0;
  TunePlan plan = Plan();
  plan.cores = 3;
  const Try counted = [&](const GraphSettings& settings, double seconds) {
    most = std::max(most, settings.threads);
    return machine(settings, seconds);
  };
  Tune(plan, {2, {2, 2}, 16, 3}, machine.load, counted, [](const Comparison&) {});
  EXPECT_EQ(most, 3);
}

TEST(Tuner, SaysWhatItChanged) {
  EXPECT_EQ(DescribeChange({2, {1, 1}, 16, 3}, {3, {1, 2}, 32, 3}, {"decode", "augment"}),
            "threads 2 -> 3, augment workers 1 -> 2, sample slots 16 -> 32");
  EXPECT_EQ(DescribeChange({2, {1}, 16, 3}, {2, {1}, 16, 3}, {"decode"}), "nothing");
}

}  // namespace
}  // namespace flowtrain
