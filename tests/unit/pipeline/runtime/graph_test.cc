#include "pipeline/runtime/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "tests/support/engine_fixture.h"

namespace flowtrain::testing_engine {
namespace {

using testing::Contains;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<uint64_t> UpTo(uint64_t n) {
  std::vector<uint64_t> numbers(n);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST(Graph, TrainsEveryWindowInOrder) {
  Scenario scenario;
  const Ended ended = RunScenario(scenario);
  EXPECT_EQ(ended.error, "");
  EXPECT_TRUE(ended.pools_whole);
  EXPECT_THAT(scenario.steps, ElementsAreArray(UpTo(6)));
  EXPECT_EQ(scenario.digests.size(), 6u);
}

// The same batches, bit for bit, for any worker counts and pool sizes, with unreadable images too.
TEST(Graph, BatchesDoNotDependOnWorkersOrPools) {
  for (const int bad_every : {0, 7}) {
    Scenario reference;
    reference.workers = reference.sample_slots = reference.batch_slots = 1;
    reference.bad_every = bad_every;
    ASSERT_EQ(RunScenario(reference).error, "");
    for (const int workers : {1, 2, 3, 4, 8}) {
      for (const int sample_slots : {1, 5, 64}) {
        for (const int batch_slots : {1, 2, 7}) {
          Scenario scenario;
          scenario.workers = workers;
          scenario.sample_slots = sample_slots;
          scenario.batch_slots = batch_slots;
          scenario.bad_every = bad_every;
          ASSERT_EQ(RunScenario(scenario).error, "");
          ASSERT_EQ(scenario.digests, reference.digests)
              << workers << " workers, " << sample_slots << " sample slots, " << batch_slots
              << " batch slots, bad every " << bad_every;
        }
      }
    }
  }
}

TEST(Graph, BatchesDoNotDependOnSettingsThatChangeWhileItRuns) {
  Scenario still;
  still.batches = 400;
  still.bad_every = 7;
  RunScenario(still);
  for (const int workers : {1, 2, 4, 8}) {
    Scenario retuned;
    retuned.batches = still.batches;
    retuned.bad_every = still.bad_every;
    retuned.workers = workers;
    retuned.spin = 500;
    retuned.retuned = true;
    retuned.capacity = {8, 40, 6};
    const Ended ended = RunScenario(retuned);
    EXPECT_EQ(ended.error, "");
    EXPECT_EQ(retuned.digests, still.digests) << workers;
    EXPECT_TRUE(ended.pools_whole);
    EXPECT_FALSE(retuned.worker_clash);
    EXPECT_FALSE(retuned.lease_broken);
  }
}

// Counts the threads that work at a time, before and after the number was changed.
TEST(Graph, ThreadsCanBeTakenAndGivenWhileItRuns) {
  Scenario scenario;
  scenario.workers = 6;
  scenario.sample_slots = 40;
  scenario.batches = 100000;
  scenario.spin = 20000;
  scenario.lowered_to = 2;
  const Ended ended = RunScenario(scenario);
  EXPECT_EQ(ended.error, "");
  EXPECT_GT(scenario.most_before, 2);
  EXPECT_LE(scenario.most_after, 2);
  EXPECT_GE(scenario.most_after, 1);
}

TEST(Graph, SettingsStayWithinTheCapacityAndSerialNodesSerial) {
  Scenario scenario;
  scenario.batches = 400;
  scenario.retuned = true;
  scenario.keeps_batches = true;
  scenario.batch_slots = 4;  // what its windows need
  const Ended ended = RunScenario(scenario);
  EXPECT_EQ(ended.error, "");
  EXPECT_LE(ended.settings.threads, scenario.workers);
  EXPECT_LE(scenario.most_working.load(), scenario.workers);
  EXPECT_LE(ended.settings.sample_slots, scenario.sample_slots);
  EXPECT_EQ(ended.settings.batch_slots, scenario.batch_slots);
  EXPECT_EQ(std::vector<int>(ended.settings.workers.begin() + 3, ended.settings.workers.end()),
            (std::vector<int>{1, 1, 1, 1}));
}

TEST(Graph, ABadImageChangesTheBatchAndIsReplaced) {
  Scenario good, bad;
  bad.bad_every = 7;
  RunScenario(good);
  RunScenario(bad);
  EXPECT_EQ(good.digests.size(), bad.digests.size());
  EXPECT_NE(good.digests, bad.digests);
}

TEST(Graph, ANodeNeverExceedsItsWorkersAndAWorkerIsNeverShared) {
  for (const int workers : {1, 2, 4, 8}) {
    Scenario scenario;
    scenario.workers = workers;
    scenario.sample_slots = 64;
    scenario.spin = 2000;
    scenario.batches = 64;
    ASSERT_EQ(RunScenario(scenario).error, "");
    EXPECT_LE(scenario.most_working, workers);
    EXPECT_FALSE(scenario.worker_clash);
  }
}

// TBB's queues are unbounded; the slots alone bound what is in flight.
TEST(Graph, NoMoreSamplesAreInFlightThanThereAreSlots) {
  for (const int slots : {1, 3, 20}) {
    Scenario scenario;
    scenario.workers = 4;
    scenario.sample_slots = slots;
    scenario.batch_slots = 16;
    scenario.batches = 200;
    ASSERT_EQ(RunScenario(scenario).error, "");
    EXPECT_LE(scenario.most_in_flight, slots);
  }
}

TEST(Graph, ResourcesPrepareEachThreadAndTheLaneLast) {
  Scenario scenario;
  scenario.workers = 4;
  scenario.sample_slots = 64;
  scenario.batches = 200;
  scenario.spin = 1000;
  ASSERT_EQ(RunScenario(scenario).error, "");
  EXPECT_EQ(scenario.unprepared_calls, 0);
  ASSERT_FALSE(scenario.lane_threads.empty());
  for (const std::thread::id lane : scenario.lane_threads) {
    EXPECT_EQ(lane, scenario.lane_threads.front());
    EXPECT_EQ(scenario.worker_threads.count(lane), 0u);  // the lane is no TBB worker
  }
  // Once at the start, and again after workers joined: they may have changed process-wide settings.
  EXPECT_GE(scenario.lane_threads.size(), 2u);
}

TEST(Graph, AThreadThatCannotBePreparedEndsTheRun) {
  for (const char* thread : {"threads.lane", "threads.worker"}) {
    for (const uint64_t at : {0, 1}) {
      Scenario scenario;
      scenario.workers = 4;
      scenario.sample_slots = 64;
      scenario.batches = 200;
      scenario.spin = 1000;
      scenario.throw_in = thread;
      scenario.throw_at = at;
      const Ended ended = RunScenario(scenario);
      EXPECT_THAT(ended.error, HasSubstr(std::string("' failed: thrown in ") + thread)) << at;
      EXPECT_TRUE(ended.aborted);
      EXPECT_TRUE(ended.pools_whole);
      EXPECT_LT(scenario.steps.size(), 200u / 4);
      EXPECT_THAT(scenario.phases, testing::Contains("sink.close"));
    }
  }
}

TEST(Graph, RunsOnceOnly) {
  Scenario scenario;
  EXPECT_TRUE(RunScenario(scenario).runs_once);
}

TEST(Graph, AWindowEntersOnlyAfterTheStepBeforeIt) {
  Scenario scenario;
  scenario.workers = 4;
  scenario.window = 1;
  scenario.batch_slots = 8;
  scenario.batches = 400;
  ASSERT_EQ(RunScenario(scenario).error, "");
  EXPECT_FALSE(scenario.lease_broken);
  EXPECT_THAT(scenario.steps, ElementsAreArray(UpTo(400)));
}

TEST(Graph, LifecycleRunsInTheDocumentedOrder) {
  Scenario scenario;
  RunScenario(scenario);
  const std::vector<std::string> nodes = {"source", "work",      "write", "collate",
                                          "window", "lane_step", "sink"};
  std::vector<std::string> expected;
  for (const char* phase : {".open", ".start", ".flush"}) {
    for (const std::string& node : nodes) expected.push_back(node + phase);
  }
  for (size_t i = nodes.size(); i-- > 0;) expected.push_back(nodes[i] + ".close");
  EXPECT_THAT(scenario.phases, ElementsAreArray(expected));
}

class ThrowingNode : public testing::TestWithParam<std::string> {};

TEST_P(ThrowingNode, EndsTheRunWithItsNameAndLeavesThePoolsWhole) {
  for (const int workers : {1, 2, 8}) {
    Scenario scenario;
    scenario.workers = workers;
    scenario.batches = 400;
    scenario.throw_in = GetParam();
    scenario.throw_at = 5;
    const Ended ended = RunScenario(scenario);
    const std::string node = GetParam().substr(0, GetParam().find('.'));
    EXPECT_THAT(ended.error, HasSubstr("thrown in " + GetParam()));
    EXPECT_TRUE(ended.pools_whole) << workers;
    EXPECT_FALSE(ended.stalled);
    if (GetParam().find(".open") == std::string::npos) {
      EXPECT_THAT(ended.error, HasSubstr("node '" + node + "' failed"));
      EXPECT_THAT(scenario.phases, testing::Contains(node + ".close"));
    }
    if (GetParam().find(".process") != std::string::npos) {
      EXPECT_TRUE(ended.aborted);
      EXPECT_LT(scenario.steps.size(), 100u);
      EXPECT_THAT(scenario.phases, testing::Not(testing::Contains("sink.flush")));
    }
  }
}

std::vector<std::string> EveryPhaseOfEveryNode() {
  std::vector<std::string> all;
  for (const char* node : {"source", "work", "write", "collate", "window", "lane_step", "sink"}) {
    for (const char* phase : {".open", ".start", ".process", ".flush"}) {
      all.push_back(std::string(node) + phase);
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Phases, ThrowingNode, testing::ValuesIn(EveryPhaseOfEveryNode()),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(Graph, DrainFinishesTheWindowInAdmissionAndFlushes) {
  for (const int workers : {1, 2, 8}) {
    for (const int64_t at : {0, 1, 3, 4, 9}) {
      Scenario scenario;
      scenario.workers = workers;
      scenario.batches = 4000;
      scenario.drain_at = at;
      const Ended ended = RunScenario(scenario);
      EXPECT_EQ(ended.error, "");
      EXPECT_FALSE(ended.aborted);
      EXPECT_TRUE(ended.pools_whole);
      EXPECT_GE(scenario.steps.size(), static_cast<size_t>(at / 4 + 1));
      EXPECT_LE(scenario.steps.size(), static_cast<size_t>(at / 4 + 3));
      EXPECT_THAT(scenario.phases, testing::Contains("sink.flush"));
    }
  }
}

// The window under way and those after it never happened; what was done before is flushed.
TEST(Graph, EndRunDropsTheWindowFlushesAndFails) {
  for (const int workers : {1, 4}) {
    Scenario scenario;
    scenario.workers = workers;
    scenario.batches = 400;
    scenario.ends_run = true;
    scenario.throw_in = "window.process";
    scenario.throw_at = 4 * 5 + 2;  // the third batch of the sixth window
    const Ended ended = RunScenario(scenario);
    EXPECT_THAT(ended.error, HasSubstr("window"));
    EXPECT_THAT(ended.error, HasSubstr("thrown in window.process"));
    EXPECT_FALSE(ended.aborted);
    EXPECT_TRUE(ended.pools_whole);
    EXPECT_THAT(scenario.steps, ElementsAreArray(UpTo(5)));
    EXPECT_THAT(scenario.phases, Contains("lane_step.flush"));
  }
}

// A node after the window's own: its step is done, and goes on.
TEST(Graph, EndRunAfterTheWindowKeepsItsStep) {
  Scenario scenario;
  scenario.batches = 400;
  scenario.ends_run = true;
  scenario.throw_in = "lane_step.process";
  scenario.throw_at = 5;
  const Ended ended = RunScenario(scenario);
  EXPECT_THAT(ended.error, HasSubstr("thrown in lane_step.process"));
  EXPECT_TRUE(ended.pools_whole);
  EXPECT_THAT(scenario.steps, ElementsAreArray(UpTo(6)));
  EXPECT_THAT(scenario.phases, Contains("sink.flush"));
}

TEST(Graph, AbortDropsWhatIsInFlightAndDoesNotFlush) {
  for (const int workers : {1, 2, 8}) {
    for (const int64_t at : {0, 1, 3, 4, 9}) {
      Scenario scenario;
      scenario.workers = workers;
      scenario.batches = 4000;
      scenario.abort_at = at;
      const Ended ended = RunScenario(scenario);
      EXPECT_EQ(ended.error, "");
      EXPECT_TRUE(ended.aborted);
      EXPECT_TRUE(ended.pools_whole);
      EXPECT_LE(scenario.steps.size(), static_cast<size_t>(at / 4 + 1));
      EXPECT_THAT(scenario.phases, testing::Not(testing::Contains("sink.flush")));
      EXPECT_THAT(scenario.phases, testing::Contains("sink.close"));
    }
  }
}

// A window of 4 that keeps its batches needs 4 buffers: with 3 the graph starves, which TBB reports
// as done.
TEST(Graph, TooFewBatchBuffersAreAStallNotAHangAndNotASuccess) {
  for (const int workers : {1, 2, 4}) {
    Scenario enough, few;
    enough.workers = few.workers = workers;
    enough.keeps_batches = few.keeps_batches = true;
    enough.batch_slots = 4;
    few.batch_slots = 3;
    EXPECT_EQ(RunScenario(enough).error, "");
    const Ended ended = RunScenario(few);
    EXPECT_TRUE(ended.stalled);
    EXPECT_THAT(ended.error, HasSubstr("raise pools.batches"));
    EXPECT_THAT(few.steps, IsEmpty());
  }
}

TEST(Graph, CountsWhatEachNodeDid) {
  Scenario scenario;
  scenario.bad_every = 7;
  const Ended ended = RunScenario(scenario);
  ASSERT_EQ(ended.nodes.size(), 7u);
  const uint64_t samples = scenario.batches * static_cast<uint64_t>(scenario.rows);
  const NodeCounters& work = ended.nodes[1];
  EXPECT_EQ(work.name, "work");
  EXPECT_EQ(work.bad, (samples + 6) / 7);
  EXPECT_EQ(work.messages, samples + work.bad);
  EXPECT_EQ(ended.nodes[2].messages, samples);
  EXPECT_EQ(ended.nodes[3].messages, scenario.batches);
  EXPECT_TRUE(ended.nodes[4].on_lane);
  EXPECT_EQ(ended.nodes[6].messages, 6u);
}

}  // namespace
}  // namespace flowtrain::testing_engine
