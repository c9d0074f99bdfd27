// What the engine costs: its parts by themselves, and a graph whose nodes do nothing.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>

#include "pipeline/base/clock.h"
#include "pipeline/base/philox.h"
#include "pipeline/config/config.h"
#include "pipeline/config/value.h"
#include "pipeline/graph/graph_def.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/gate.h"
#include "pipeline/runtime/graph.h"
#include "pipeline/runtime/pool.h"
#include "pipeline/runtime/trace_ring.h"

namespace flowtrain {
namespace {

void GateEnterAndLeave(benchmark::State& state) {
  static Gate gate(1 << 20);
  Sample sample;
  for (auto _ : state) {
    benchmark::DoNotOptimize(gate.Enter(&sample));
    benchmark::DoNotOptimize(gate.Leave({.end_ns = NowNs(), .service_ns = 100}));
  }
}
BENCHMARK(GateEnterAndLeave)->ThreadRange(1, 4)->UseRealTime();

void GateWithAQueue(benchmark::State& state) {
  Gate gate(1);
  Sample first, second;
  gate.Enter(&first);
  for (auto _ : state) {
    gate.Enter(&second);
    benchmark::DoNotOptimize(gate.Leave({.end_ns = NowNs(), .service_ns = 100}));
  }
}
BENCHMARK(GateWithAQueue);

// What a call is timed with: the clock three times; the thread's CPU time twice, one call in 16;
// two histograms.
void ReadTheClock(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(NowNs());
}
BENCHMARK(ReadTheClock);

void ReadTheCpuTime(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(ThreadCpuNs());
}
BENCHMARK(ReadTheCpuTime);

void CountInAHistogram(benchmark::State& state) {
  Histogram histogram;
  uint64_t ns = 1;
  for (auto _ : state) histogram.Add(ns = (ns * 5 + 1) % 100'000);
  benchmark::DoNotOptimize(histogram);
}
BENCHMARK(CountInAHistogram);

void TellATrace(benchmark::State& state) {
  TraceRing ring(1 << 16);
  uint64_t seq = 0;
  for (auto _ : state) {
    ++seq;
    ring.Add({1, Stream::kSample, seq, seq, seq, seq});
  }
}
BENCHMARK(TellATrace);

void PoolAcquireAndRelease(benchmark::State& state) {
  static Pool<Sample>* pool = [] {
    auto* made = new Pool<Sample>("sample slots");
    for (int i = 0; i < 64; ++i) made->Add(std::make_unique<Sample>());
    return made;
  }();
  for (auto _ : state) {
    Sample* sample = pool->TryAcquire();
    benchmark::DoNotOptimize(sample);
    pool->Release(sample);
  }
}
BENCHMARK(PoolAcquireAndRelease)->ThreadRange(1, 4)->UseRealTime();

void PermutationLookup(benchmark::State& state) {
  const Permutation order(105'000, RngKey{42, 0, 0, kShuffle});
  uint64_t position = 0;
  for (auto _ : state) benchmark::DoNotOptimize(order(position = (position + 1) % 105'000));
}
BENCHMARK(PermutationLookup);

constexpr int kBatchesARun = 250, kRows = 128;

constexpr char kGraph[] = R"(
graph: engine
pools: {samples: ${samples}, batches: 3}
workers: ${workers}
nodes:
  source:
    {type: CountingSource, out: ids, workers: ${workers}, options: {steps_per_epoch: ${batches}}}
  decode: {type: SpinSample, in: ids, out: images, workers: ${workers}}
  augment: {type: SpinSample, in: images, out: rows, workers: ${workers}}
  stage: {type: TestCollate, in: rows, out: batches, options: {batch_size: ${rows}}}
  train: {type: TestWindow, in: batches, out: windows}
  step: {type: TestStep, in: windows, out: steps}
  sink: {type: TestSink, in: steps}
)";

// Workers, sample slots (0: as many as the engine takes by itself). Items are samples; only the run
// is timed, not the making of the graph.
void EngineCostASample(benchmark::State& state) {
  Config config{ReadYaml("workers: " + std::to_string(state.range(0)) +
                             "\nsamples: " + std::to_string(state.range(1)) + "\nbatches: " +
                             std::to_string(kBatchesARun) + "\nrows: " + std::to_string(kRows),
                         "parameters.yaml")};
  const GraphDef def = LoadGraph(ReadYaml(kGraph, "engine.yaml"), config, Registry::Global());
  for (auto _ : state) {
    RunControl run;
    Graph graph(def, Registry::Global(), run);
    graph.Open();
    const auto start = std::chrono::steady_clock::now();
    graph.Run();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    state.SetIterationTime(elapsed.count());
  }
  state.SetItemsProcessed(state.iterations() * kBatchesARun * kRows);
}
BENCHMARK(EngineCostASample)
    ->ArgNames({"workers", "slots"})
    ->Args({1, 0})
    ->Args({2, 0})
    ->Args({4, 0})
    ->Args({4, 64})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flowtrain
