// Graphs of random shape, size and fate, on more threads than there are cores. FLOWTRAIN_STRESS=N
// in the environment runs N of them, FLOWTRAIN_STRESS_FROM=N begins with that one.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "pipeline/base/philox.h"
#include "pipeline/runtime/trace_ring.h"
#include "tests/support/engine_fixture.h"

namespace flowtrain::testing_engine {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Ends the process, with what it knows, when one graph takes longer than anything may.
class Watchdog {
 public:
  Watchdog() : thread_([this] { Loop(); }) {}
  ~Watchdog() {
    stop_ = true;
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void Begin(uint64_t graph) {
    const std::lock_guard lock(mutex_);
    graph_ = graph;
    began_ = Clock::now();
    seen_.clear();
  }
  void See(const Snapshot& now) {
    const std::lock_guard lock(mutex_);
    seen_.clear();
    for (const PoolCounters& pool : now.pools) {
      seen_ += pool.name + ": " + std::to_string(pool.in_use) + " of " +
               std::to_string(pool.slots) + " in use\n";
    }
    for (const NodeCounters& node : now.nodes) {
      seen_ += node.name + ": " + std::to_string(node.messages) + " calls, " +
               std::to_string(node.queued) + " wait, limit " + std::to_string(node.limit) + '\n';
    }
  }

 private:
  void Loop() {
    while (!stop_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      const std::lock_guard lock(mutex_);
      if (Clock::now() - began_ < std::chrono::minutes(2)) continue;
      std::fprintf(stderr, "graph %llu is stuck\n%s", static_cast<unsigned long long>(graph_),
                   seen_.c_str());
      std::abort();
    }
  }

  std::mutex mutex_;
  uint64_t graph_ = 0;
  Clock::time_point began_ = Clock::now();
  std::string seen_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// What another thread does to a graph that runs.
struct Outside {
  enum class Stop { kNo, kDrain, kAbort } stop = Stop::kNo;
  int64_t stop_after_us = 0;
  bool traced = false, looked_at = false;
  std::atomic<bool> too_high{false};  // a setting went above the capacity
};

class Beside {
 public:
  Beside(Graph& graph, RunControl& run, Outside& outside, Watchdog& watchdog)
      : graph_(graph), run_(run), outside_(outside), watchdog_(watchdog) {
    if (outside.traced) graph.SetTrace(&trace_);
    thread_ = std::thread([this] { Loop(); });
  }
  ~Beside() {
    stop_ = true;
    thread_.join();
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

 private:
  void Loop() {
    const Clock::time_point began = Clock::now();
    bool stopped = outside_.stop == Outside::Stop::kNo;
    while (!stop_) {
      if (!stopped && Clock::now() - began >= std::chrono::microseconds(outside_.stop_after_us)) {
        stopped = true;
        outside_.stop == Outside::Stop::kDrain ? run_.RequestDrain() : run_.RequestAbort();
      }
      if (outside_.looked_at) Look();
      std::this_thread::sleep_for(std::chrono::microseconds(outside_.looked_at ? 50 : 200));
    }
    watchdog_.See(graph_.snapshot());
  }

  void Look() {
    const Snapshot now = graph_.snapshot();
    watchdog_.See(now);
    const Capacity& most = graph_.capacity();
    const GraphSettings& set = now.settings;
    bool high = set.threads > most.threads || set.sample_slots > most.sample_slots ||
                set.batch_slots > most.batch_slots;
    for (const int workers : set.workers) high = high || workers > most.threads;
    if (high) outside_.too_high = true;
    if (outside_.traced) trace_.Calls();
  }

  Graph& graph_;
  RunControl& run_;
  Outside& outside_;
  Watchdog& watchdog_;
  TraceRing trace_{64};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

int OneTo(Rng& rng, int most) {
  return 1 + static_cast<int>(rng.Below(static_cast<uint64_t>(most)));
}

void DrawShape(Rng& rng, Scenario& scenario) {
  scenario.workers = OneTo(rng, 8);
  if (rng.Bernoulli(0.5f)) {
    for (int& limit : scenario.limits) limit = OneTo(rng, 8);
  }
  scenario.sample_slots = OneTo(rng, 40);
  scenario.batch_slots = OneTo(rng, 6);
  scenario.window = OneTo(rng, 4);
  scenario.rows = OneTo(rng, 9);
  scenario.batches = static_cast<uint64_t>(scenario.window) * (1 + rng.Below(12));
  scenario.spin = static_cast<int>(rng.Below(200));
  scenario.bad_every = rng.Bernoulli(0.3f) ? 2 + static_cast<int>(rng.Below(20)) : 0;
  scenario.keeps_batches = rng.Bernoulli(0.2f);
  if (scenario.keeps_batches) {
    scenario.batch_slots = std::max(scenario.batch_slots, scenario.window);
  }
  scenario.retuned = rng.Bernoulli(0.3f);
  if (scenario.retuned || rng.Bernoulli(0.2f)) {
    scenario.capacity = {OneTo(rng, 10), OneTo(rng, 50), OneTo(rng, 8)};
  }
}

void DrawFate(Rng& rng, Scenario& scenario, Outside& outside) {
  const uint64_t fate = rng.Below(8);
  const uint64_t at = rng.Below(scenario.batches);
  if (fate == 1) scenario.drain_at = static_cast<int64_t>(at);
  if (fate == 2) scenario.abort_at = static_cast<int64_t>(at);
  if (fate == 3 || fate == 4) {
    const char* const nodes[] = {kSource, kWork, kWrite, kCollate, kWindow, kLaneStep, kSink};
    const char* const phases[] = {"open", "start", "flush", "process", "process", "process"};
    const std::string node = nodes[rng.Below(7)];
    scenario.throw_in = node + '.' + phases[rng.Below(6)];
    scenario.throw_at = at;
    const bool on_lane = node == kCollate || node == kWindow || node == kLaneStep;
    scenario.ends_run = on_lane && rng.Bernoulli(0.5f);
  }
  if (fate >= 4) {
    outside.stop = rng.Bernoulli(0.5f) ? Outside::Stop::kDrain : Outside::Stop::kAbort;
    outside.stop_after_us = static_cast<int64_t>(rng.Below(rng.Bernoulli(0.5f) ? 500 : 8000));
  }
  if (fate == 7) outside.stop = Outside::Stop::kNo;
  outside.traced = rng.Bernoulli(0.3f);
  outside.looked_at = rng.Bernoulli(0.3f);
}

void ExpectOrder(const std::vector<uint64_t>& seen) {
  for (size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], i);
}

void ExpectInvariants(const Scenario& scenario, const Outside& outside, const Ended& ended) {
  EXPECT_TRUE(ended.pools_whole);
  EXPECT_FALSE(ended.stalled) << ended.error;
  EXPECT_EQ(ended.error.empty(), !scenario.thrown) << ended.error;
  EXPECT_FALSE(scenario.lease_broken);
  EXPECT_FALSE(scenario.worker_clash);
  EXPECT_EQ(scenario.misplaced, 0);
  EXPECT_FALSE(outside.too_high);
  ExpectOrder(scenario.windowed);
  ExpectOrder(scenario.steps);
  if (!ended.error.empty() || ended.aborted) return;
  // It ended well, after whole windows: each sample that was admitted is in one batch.
  const auto window = static_cast<uint64_t>(scenario.window);
  EXPECT_EQ(scenario.windowed.size(), scenario.steps.size() * window);
  EXPECT_EQ(ended.admitted, scenario.windowed.size() * static_cast<uint64_t>(scenario.rows));
  EXPECT_EQ(scenario.model_busy, 0);
  const bool drained = scenario.drain_at >= 0 || outside.stop == Outside::Stop::kDrain;
  if (!drained) {
    EXPECT_EQ(scenario.windowed.size(), scenario.batches);
  }
}

TEST(Stress, RandomGraphsKeepWhatTheyPromise) {
  const uint64_t first = FromEnvironment("FLOWTRAIN_STRESS_FROM", 0);
  const uint64_t graphs = FromEnvironment("FLOWTRAIN_STRESS", 1000);
  Watchdog watchdog;
  std::map<std::string, int> ends;
  for (uint64_t i = first; i < first + graphs && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("graph " + std::to_string(i));
    watchdog.Begin(i);
    Rng rng({.seed = 7, .id = i, .purpose = kTesting});
    Scenario scenario;
    Outside outside;
    DrawShape(rng, scenario);
    DrawFate(rng, scenario, outside);
    scenario.beside = [&](Graph& graph, RunControl& run) {
      return std::make_shared<Beside>(graph, run, outside, watchdog);
    };
    const Ended ended = RunScenario(scenario);
    ExpectInvariants(scenario, outside, ended);
    ++ends[!ended.error.empty() ? "failed" : ended.aborted ? "aborted" : "ended well"];
  }
  for (const auto& [end, count] : ends) {
    RecordProperty(end, count);
    std::printf("%d %s\n", count, end.c_str());
  }
}

}  // namespace
}  // namespace flowtrain::testing_engine
