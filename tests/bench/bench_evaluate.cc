// What it costs to make the view that an image is evaluated with.
#include <benchmark/benchmark.h>

#include "nodes/augment/center_view.h"
#include "tests/bench/images.h"

namespace flowtrain {
namespace {

void CentralView(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0));
  const int height = static_cast<int>(state.range(1)), width = static_cast<int>(state.range(2));
  const Raw picture = bench::Picture(height, width);
  Bytes view(size_t{3} * static_cast<size_t>(side) * static_cast<size_t>(side));
  for (auto _ : state) {
    CenterView(WholeImage(picture.values, height, width), side, view.data());
    benchmark::DoNotOptimize(view.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(CentralView)
    ->ArgNames({"view", "height", "width"})
    ->Args({96, bench::kSmallSide, bench::kSmallSide})
    ->Args({96, bench::kPhotoHeight, bench::kPhotoWidth})
    ->Args({224, bench::kPhotoHeight, bench::kPhotoWidth})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace flowtrain
