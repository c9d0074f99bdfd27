#include "pipeline/runtime/gate.h"

#include <gtest/gtest.h>
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "pipeline/base/clock.h"

namespace flowtrain {
namespace {

TEST(Gate, LetsInUpToItsLimitAndQueuesTheRestInOrder) {
  Gate gate(2);
  Sample a, b, c, d;
  EXPECT_TRUE(gate.Enter(&a));
  EXPECT_TRUE(gate.Enter(&b));
  EXPECT_FALSE(gate.Enter(&c));
  EXPECT_FALSE(gate.Enter(&d));
  EXPECT_EQ(gate.Leave({.service_ns = 10}), &c);
  EXPECT_EQ(gate.Leave({.service_ns = 10}), &d);
  EXPECT_EQ(gate.Leave({.service_ns = 10}), nullptr);
  EXPECT_EQ(gate.Leave({.service_ns = 10, .bad = true}), nullptr);
  const NodeCounters figures = gate.counters();
  EXPECT_EQ(figures.messages, 4u);
  EXPECT_EQ(figures.bad, 1u);
  EXPECT_EQ(figures.service_ns, 40u);
  EXPECT_EQ(figures.deepest_queue, 2u);
}

TEST(Gate, RaisingTheLimitReleasesWaitingPackets) {
  Gate gate(1);
  Sample a, b, c;
  gate.Enter(&a);
  gate.Enter(&b);
  gate.Enter(&c);
  EXPECT_EQ(gate.SetLimit(3), (std::vector<Packet*>{&b, &c}));
}

TEST(Gate, LoweringTheLimitTakesEffectAsCallsEnd) {
  Gate gate(3);
  Sample a, b, c, d;
  gate.Enter(&a);
  gate.Enter(&b);
  gate.Enter(&c);
  EXPECT_TRUE(gate.SetLimit(1).empty());
  EXPECT_FALSE(gate.Enter(&d));
  EXPECT_EQ(gate.Leave({.service_ns = 1}), nullptr);  // three ran, one may
  EXPECT_EQ(gate.Leave({.service_ns = 1}), nullptr);
  EXPECT_EQ(gate.Leave({.service_ns = 1}), &d);
  EXPECT_EQ(gate.Leave({.service_ns = 1}), nullptr);
}

TEST(Gate, CountsSaturationOnlyWhileSomethingWaits) {
  Gate gate(1);
  gate.ResetCounters();
  Sample a, b;
  gate.Enter(&a);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_EQ(gate.counters().saturated_ns, 0u);
  gate.Enter(&b);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_GE(gate.counters().saturated_ns, 2'000'000u);  // also before the call ends
  gate.Leave({.end_ns = NowNs(), .service_ns = 1});
  EXPECT_GE(gate.counters().saturated_ns, 2'000'000u);
  EXPECT_LE(gate.counters().saturated_ns, gate.counters().elapsed_ns);
}

TEST(Gate, IsStarvedWhileACallIsAllowedAndNothingIsThere) {
  Gate gate(2);
  gate.ResetCounters();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_GE(gate.counters().starved_ns, 2'000'000u);
  Sample a, b;
  gate.Enter(&a);
  gate.Enter(&b);
  const uint64_t before = gate.counters().starved_ns;
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_EQ(gate.counters().starved_ns, before);
}

TEST(Gate, CountersSinceAMomentAreWhatCameAfterIt) {
  Gate gate(1);
  gate.ResetCounters();
  Sample a;
  gate.Enter(&a);
  gate.Leave({.end_ns = NowNs(), .service_ns = 1'000'000, .wait_ns = 5});
  const NodeCounters earlier = gate.counters();
  gate.Enter(&a);
  gate.Leave(
      {.end_ns = NowNs(), .service_ns = 1000, .wait_ns = 7, .cpu_measured = true, .cpu_ns = 250});
  const NodeCounters since = gate.counters().Since(earlier);
  EXPECT_EQ(since.messages, 1u);
  EXPECT_EQ(since.wait_ns, 7u);
  EXPECT_NEAR(since.service.QuantileNs(0.99), 1000, 70);
  EXPECT_DOUBLE_EQ(since.cpu_share(), 0.25);
}

// A gate before an unlimited TBB node, as the engine uses it.
class GatedNode {
 public:
  GatedNode(tbb::flow::graph& graph, int limit)
      : gate(limit), node_(graph, tbb::flow::unlimited, [this](Packet*) {
          const int now = ++running;
          int before = most.load();
          while (before < now && !most.compare_exchange_weak(before, now)) {
          }
          for (int i = 0; i < 200; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
          --running;
          ++done;
          if (Packet* next = gate.Leave({.service_ns = 1})) node_.try_put(next);
          return tbb::flow::continue_msg();
        }) {}
  GatedNode(const GatedNode&) = delete;
  GatedNode& operator=(const GatedNode&) = delete;

  void Send(Packet* packet) {
    if (gate.Enter(packet)) node_.try_put(packet);
  }
  void SetLimit(int limit) {
    for (Packet* packet : gate.SetLimit(limit)) node_.try_put(packet);
  }

  Gate gate;
  std::atomic<int> running{0}, most{0}, done{0};

 private:
  tbb::flow::function_node<Packet*, tbb::flow::continue_msg> node_;
};

class GateInTbb : public testing::TestWithParam<int> {};

TEST_P(GateInTbb, NeverExceedsItsLimitAndLosesNothing) {
  const int threads = GetParam();
  const tbb::global_control ceiling(tbb::global_control::max_allowed_parallelism,
                                    static_cast<size_t>(threads) + 1);
  for (const int limit : {1, 2, 3, 8}) {
    tbb::task_arena arena(threads);
    arena.execute([&] {
      tbb::flow::graph graph;
      GatedNode gated(graph, limit);
      std::vector<Sample> samples(2000);
      for (Sample& sample : samples) gated.Send(&sample);
      graph.wait_for_all();
      EXPECT_EQ(gated.done.load(), 2000);
      EXPECT_LE(gated.most.load(), limit);
      EXPECT_EQ(gated.gate.counters().messages, 2000u);
    });
  }
}

TEST_P(GateInTbb, LiveResizingLosesNothingAndEndsAtTheNewLimit) {
  const int threads = GetParam();
  const tbb::global_control ceiling(tbb::global_control::max_allowed_parallelism,
                                    static_cast<size_t>(threads) + 1);
  tbb::task_arena arena(threads);
  arena.execute([&] {
    tbb::flow::graph graph;
    GatedNode gated(graph, 4);
    std::vector<Sample> samples(6000);
    for (size_t i = 0; i < samples.size(); ++i) {
      gated.Send(&samples[i]);
      if (i % 50 == 0) gated.SetLimit(1 + static_cast<int>(i / 50) % 9);
    }
    graph.wait_for_all();
    EXPECT_EQ(gated.done.load(), 6000);
    EXPECT_LE(gated.most.load(), 9);

    gated.SetLimit(2);
    gated.most = 0;
    for (Sample& sample : samples) gated.Send(&sample);
    graph.wait_for_all();
    EXPECT_LE(gated.most.load(), 2);
  });
}

INSTANTIATE_TEST_SUITE_P(Threads, GateInTbb, testing::Values(1, 2, 4, 8, 16));

}  // namespace
}  // namespace flowtrain
