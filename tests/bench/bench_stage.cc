// What it costs to hand a batch over, once its rows are written.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "nodes/device/pinned_stage.h"
#include "nodes/measure/host_stage.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

void PassOn(benchmark::State& state, CollateNode& stage) {
  stage.Start();
  Batch batch;
  batch.layout = stage.Layout();
  const std::shared_ptr<uint8_t> buffer = stage.Allocate(batch.layout.bytes());
  batch.buffer = buffer.get();
  for (auto _ : state) {
    stage.Process(batch);
    benchmark::DoNotOptimize(batch.payload.get());
    batch.payload.reset();
  }
  state.SetItemsProcessed(state.iterations());
}

const Options& Batches() {
  static const Options options = {{"batch_size", "128"}, {"image_size", "96"}};
  return options;
}

void PinnedStageOnACpu(benchmark::State& state) {
  TestContext context;
  const auto device = Make<Device>({{"name", "cpu"}, {"threads", "1"}});
  device->Open(context);
  context.resources["device"] = device.get();
  const auto stage = Make<PinnedStage>(Batches());
  stage->Open(context);
  PassOn(state, *stage);
}
BENCHMARK(PinnedStageOnACpu);

void HostStageAlone(benchmark::State& state) { PassOn(state, *Make<HostStage>(Batches())); }
BENCHMARK(HostStageAlone);

}  // namespace
}  // namespace flowtrain
