// A thousand graphs of random shape, size and fate, on more threads than there are cores.

#include <gtest/gtest.h>

#include <string>

#include "pipeline/philox.h"
#include "tests/unit/pipeline/engine_fixture.h"

namespace flowtrain::testing_engine {
namespace {

TEST(Stress, PoolsAreWholeAfterAThousandRandomGraphs) {
  for (uint64_t i = 0; i < 1000; ++i) {
    Rng rng({.seed = 7, .id = i, .purpose = kTesting});
    Scenario scenario;
    scenario.workers = 1 + static_cast<int>(rng.Below(8));
    scenario.sample_slots = 1 + static_cast<int>(rng.Below(40));
    scenario.batch_slots = 1 + static_cast<int>(rng.Below(6));
    scenario.window = 1 + static_cast<int>(rng.Below(4));
    scenario.rows = 1 + static_cast<int>(rng.Below(9));
    scenario.batches = static_cast<uint64_t>(scenario.window) * (1 + rng.Below(12));
    scenario.spin = static_cast<int>(rng.Below(200));
    scenario.bad_every = rng.Bernoulli(0.3f) ? 2 + static_cast<int>(rng.Below(20)) : 0;
    scenario.retuned = rng.Bernoulli(0.3f);
    if (scenario.retuned) scenario.capacity = {8, 40, 6};
    const uint64_t fate = rng.Below(5);
    const auto at = static_cast<int64_t>(rng.Below(scenario.batches));
    if (fate == 1) scenario.drain_at = at;
    if (fate == 2) scenario.abort_at = at;
    if (fate == 3) {
      const char* const where[] = {"source.process", "work.process", "write.process",
                                   "window.process", "collate.process"};
      scenario.throw_in = where[rng.Below(5)];
      scenario.throw_at = static_cast<uint64_t>(at);
    }
    const Ended ended = RunScenario(scenario);
    ASSERT_TRUE(ended.pools_whole) << "graph " << i;
    ASSERT_FALSE(ended.stalled) << "graph " << i << ": " << ended.error;
    ASSERT_EQ(ended.error.empty(), fate != 3) << "graph " << i << ": " << ended.error;
    if (fate == 0 || fate == 4) {
      ASSERT_EQ(scenario.steps.size(), scenario.batches / static_cast<uint64_t>(scenario.window));
    }
    ASSERT_FALSE(scenario.lease_broken);
  }
}

}  // namespace
}  // namespace flowtrain::testing_engine
