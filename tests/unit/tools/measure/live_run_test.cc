// The measuring parts on a graph whose nodes take known times. What is asserted are counts and
// shares by definition, not speed.
#include "tools/measure/live_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "pipeline/config/config.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/registry.h"
#include "pipeline/runtime/trace_ring.h"
#include "tools/timing/nodes_alone.h"
#include "tools/timing/recorder.h"
#include "tools/tune/live_try.h"
#include "tools/tune/tune_run.h"

namespace flowtrain {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kRows = 4;

GraphDef SomeGraph(const std::string& decode_options, const std::string& extra = "") {
  const std::string yaml =
      "graph: some\npools: {samples: 16, batches: 3}\nworkers: 2\nnodes:\n"
      "  source: {type: CountingSource, out: ids, workers: 2, options: {epochs: 100000, "
      "steps_per_epoch: 100}}\n"
      "  decode: {type: SpinSample, in: ids, out: images, workers: 2, options: {" +
      decode_options +
      "}}\n  serial: {type: SerialSample, in: images, out: rows, options: {write: true}}\n"
      "  stage: {type: TestCollate, in: rows, out: batches, options: {batch_size: " +
      std::to_string(kRows) +
      ", view_bytes: 16}}\n  train: {type: TestWindow, in: batches, out: windows}\n"
      "  step: {type: TestStep, in: windows" +
      extra + "}\n";
  return LoadGraph(ReadYaml(yaml, "some.yaml"), Config(), Registry::Global());
}

TEST(LiveRun, CanBeWaitedForStoppedAndReadMeanwhile) {
  LiveRun run(SomeGraph("service_us: 20"), Registry::Global(), nullptr);
  EXPECT_TRUE(run.Await([&] { return run.graph().snapshot().images() > 200; }));
  const Snapshot begin = run.graph().snapshot();
  EXPECT_TRUE(run.Pause(0.02));
  const Snapshot part = run.graph().snapshot().Since(begin);
  EXPECT_GT(part.images(), 0u);
  EXPECT_TRUE(part.nodes[2].serial);
  EXPECT_FALSE(part.nodes[1].serial);
  EXPECT_TRUE(part.nodes[4].on_lane);
  run.Stop();
  EXPECT_TRUE(run.ended());
}

TEST(LiveRun, GivesTheErrorOfARunThatFailed) {
  LiveRun run(SomeGraph("throw_in: process, throw_at_seq: 50"), Registry::Global(), nullptr);
  EXPECT_FALSE(run.Await([] { return false; }));
  EXPECT_THROW(run.Stop(), NodeError);
}

TEST(LiveRun, TellsATraceOfEveryCall) {
  TraceRing ring(1 << 16);
  {
    LiveRun run(SomeGraph(""), Registry::Global(), nullptr, &ring);
    run.Await([&] { return run.graph().snapshot().images() >= 400; });
    run.Stop();
  }
  std::vector<uint64_t> calls(6);
  for (const TraceCall& call : ring.Calls()) {
    ASSERT_LT(call.node, 6);
    ++calls[call.node];
    EXPECT_LE(call.arrived_ns, call.begin_ns);
    EXPECT_LE(call.begin_ns, call.end_ns);
  }
  EXPECT_GE(calls[0], 400u);
  EXPECT_GE(calls[2], 400u);
  EXPECT_GE(calls[5] * kRows, 300u);
  EXPECT_EQ(ring.dropped(), 0u);
}

TEST(TraceRing, KeepsTheLastCallsAndCountsTheOthers) {
  TraceRing ring(3);
  for (uint64_t i = 0; i < 10; ++i) ring.Add({0, Stream::kSample, i, i, i, i + 1});
  const std::vector<TraceCall> calls = ring.Calls();
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(calls.front().seq, 7u);
  EXPECT_EQ(calls.back().seq, 9u);
  EXPECT_EQ(ring.dropped(), 7u);
}

TEST(Recorder, LeavesOutTheWarmUpAndWhatCameAfterTheRun) {
  LiveRun run(SomeGraph("service_us: 20"), Registry::Global(), nullptr);
  const Recorder recorder(run.graph(), 20, 0.005);
  EXPECT_TRUE(
      run.Await([&] { return recorder.measured_steps() >= 30 && recorder.slices().size() > 3; }));
  run.Stop();
  const std::optional<Snapshot> part = recorder.Measured();
  ASSERT_TRUE(part);
  const uint64_t steps = part->nodes.back().messages;
  EXPECT_GT(steps, 0u);
  EXPECT_LE(steps + 20, run.graph().counters().back().messages);
  EXPECT_EQ(recorder.slices().front().in_use.size(), 3u);
}

// Not its last reading, and nothing of the warm-up.
TEST(Recorder, AveragesWhatTheGpuIsUsedOverTheMeasuredPart) {
  LiveRun run(SomeGraph("service_us: 20"), Registry::Global(), nullptr);
  std::atomic<int> readings = 0;
  std::atomic<bool> ended = false;
  const auto gpu = [&] {
    const int reading = ++readings;
    GpuStatus status;
    if (reading % 2 == 1) status.utilization = ended ? 0.0 : 0.5;  // else it does not tell
    status.temperature_c = reading;
    return status;
  };
  const Recorder recorder(run.graph(), 20, 0.005, gpu);
  EXPECT_TRUE(run.Await([&] { return readings >= 20; }));
  ended = true;
  const int before = readings;
  EXPECT_TRUE(run.Await([&] { return readings >= before + 4; }));
  run.Stop();
  const GpuStatus measured = recorder.MeasuredGpu();
  EXPECT_EQ(measured.temperature_c, readings);
  EXPECT_GT(measured.utilization.value(), 0.0);
  EXPECT_LT(measured.utilization.value(), 0.5);
  EXPECT_FALSE(measured.used_bytes);
  // The last readings are the lower ones.
  EXPECT_LE(recorder.RecentGpu(3600).utilization.value(), measured.utilization.value() + 1e-9);
}

TEST(Recorder, HasNoFiguresOfAGpuWithoutOne) {
  LiveRun run(SomeGraph("service_us: 20"), Registry::Global(), nullptr);
  const Recorder recorder(run.graph(), 20, 0.005);
  EXPECT_TRUE(run.Await([&] { return recorder.measured_steps() >= 30; }));
  run.Stop();
  EXPECT_TRUE(recorder.MeasuredGpu().empty());
}

TEST(Recorder, KnowsNothingOfARunThatNeverGotWarm) {
  LiveRun run(SomeGraph("throw_in: process, throw_at_seq: 50"), Registry::Global(), nullptr);
  const Recorder recorder(run.graph(), 1000, 0.002);
  run.Await([] { return false; });
  EXPECT_FALSE(recorder.Measured());
  EXPECT_FALSE(recorder.Recent(1));
}

TEST(NodesAlone, CallsTheNodesWithoutAGraph) {
  NodesAlone alone(SomeGraph("service_us: 200, bad_every: 7"), Registry::Global(), 3);
  ASSERT_EQ(alone.nodes(), 3u);
  const AloneRate decode = alone.Measure(1, 1, 0.05);
  EXPECT_LE(decode.images_per_s, 5100);  // it takes 200 us each, however fast the machine
  EXPECT_GE(decode.cpu_us, 190);
  EXPECT_EQ(alone.Measure(1, 3, 0.02).workers, 3);
}

TEST(NodesAlone, GivesTheErrorOfANode) {
  EXPECT_THROW(NodesAlone(SomeGraph("throw_in: process, throw_at_seq: 100"), Registry::Global(), 3),
               std::runtime_error);
}

TEST(LiveTry, SetsTheGraph) {
  GraphDef def = SomeGraph("service_us: 20");
  def.capacity = {4, 32, 4};
  LiveRun run(def, Registry::Global(), nullptr);
  run.Await([&] { return run.graph().running(); });
  const LiveTry live_try(run.graph(), kRows, [&](double seconds) { return run.Pause(seconds); });
  const std::optional<Snapshot> part = live_try({3, {1, 3, 1, 1, 1, 1}, 24, 2}, 0.02);
  ASSERT_TRUE(part);
  EXPECT_GE(part->images(), 200u);
  EXPECT_THAT(run.graph().settings().workers, ElementsAre(1, 3, 1, 1, 1, 1));
  run.Stop();
  EXPECT_FALSE(live_try({2, {1, 1, 1, 1, 1, 1}, 24, 2}, 0.02));
}

TEST(RunAndTune, FindsThatASleepingNodeWantsMoreThreads) {
  StopSignals signals([](const std::string&) {});
  const auto tuned = RunAndTune(SomeGraph("service_us: 3000, sleep: true"), Registry::Global(),
                                {{4, 64, 3}, 0.05, true}, signals);
  ASSERT_TRUE(tuned);
  EXPECT_TRUE(tuned->tuning.finished);
  EXPECT_GT(tuned->tuning.best.threads, 2);
  EXPECT_GT(tuned->tuning.best.workers[1], 2);
  EXPECT_EQ(tuned->tuning.best.workers[2], 1);
}

}  // namespace
}  // namespace flowtrain
