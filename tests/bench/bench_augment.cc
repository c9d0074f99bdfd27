// What each operation of the reference costs on a view, and a whole view of the SimCLR recipe by
// it.
#include <benchmark/benchmark.h>

#include <vector>

#include "nodes/augment/augment_ops.h"
#include "nodes/augment/gaussian_blur.h"
#include "nodes/augment/reference_view.h"
#include "nodes/augment/view_params.h"
#include "nodes/image/resample.h"
#include "pipeline/base/philox.h"
#include "tests/bench/images.h"

namespace flowtrain {
namespace {

// Calls `change(rgb)` on a view of state.range(0) pixels a side. Each call has the picture itself:
// what many calls on one buffer leave is one colour, and code that branches is fast on that.
template <typename Change>
void OnView(benchmark::State& state, Change change) {
  const int side = static_cast<int>(state.range(0));
  const Raw picture = bench::Picture(side, side);
  Bytes rgb = picture.values;
  for (auto _ : state) {
    std::memcpy(rgb.data(), picture.values.data(), rgb.size());  // a few percent of the cheapest
    change(RgbBytes(rgb));
    benchmark::DoNotOptimize(rgb.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

void Copy(benchmark::State& state) {
  OnView(state, [](RgbBytes) {});
}
void Brightness(benchmark::State& state) {
  OnView(state, [](RgbBytes rgb) { AdjustBrightness(rgb, 1.2f); });
}
void Contrast(benchmark::State& state) {
  OnView(state, [](RgbBytes rgb) { AdjustContrast(rgb, 1.2f); });
}
void Saturation(benchmark::State& state) {
  OnView(state, [](RgbBytes rgb) { AdjustSaturation(rgb, 1.2f); });
}
void Hue(benchmark::State& state) {
  OnView(state, [](RgbBytes rgb) { ShiftHue(rgb, 0.07f); });
}
void Grey(benchmark::State& state) {
  OnView(state, [](RgbBytes rgb) { ToGrey(rgb); });
}
void Flip(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0));
  OnView(state, [side](RgbBytes rgb) { FlipHorizontal(rgb.data(), side, side); });
}
void Blur(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0));
  GaussianBlur blur;
  OnView(state, [&](RgbBytes rgb) { blur.Apply(rgb.data(), side, side, 9, 1.05f); });
}

// The crop of half the area, from an image of range(1) x range(2) to a view of range(0).
void Resample(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0));
  const int height = static_cast<int>(state.range(1)), width = static_cast<int>(state.range(2));
  const Raw picture = bench::Picture(height, width);
  Bytes view(size_t{3} * static_cast<size_t>(side) * static_cast<size_t>(side));
  const RgbRegion crop{picture.values.data() + size_t{3} * static_cast<size_t>(width / 7),
                       size_t{3} * static_cast<size_t>(width), height * 7 / 10, width * 7 / 10};
  Resampler resampler;
  for (auto _ : state) {
    resampler.Resize(crop, {side, 0, side}, {side, 0, side}, view.data());
    benchmark::DoNotOptimize(view.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

// A view of the whole recipe, with parameters that are drawn anew for each.
void View(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0));
  const int height = static_cast<int>(state.range(1)), width = static_cast<int>(state.range(2));
  const Raw picture = bench::Picture(height, width);
  Bytes view(size_t{3} * static_cast<size_t>(side) * static_cast<size_t>(side));
  const AugmentOptions options;
  ReferenceView reference;
  uint64_t id = 0;
  for (auto _ : state) {
    Rng rng({.seed = 42, .stream = 0, .id = id++, .purpose = kView});
    const ViewParams params = DrawViewParams(options, height, width, rng);
    reference.Make({picture.values.data(), height, width}, params, options, side, view.data());
    benchmark::DoNotOptimize(view.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

void DrawParameters(benchmark::State& state) {
  const AugmentOptions options;
  uint64_t id = 0;
  for (auto _ : state) {
    Rng rng({.seed = 42, .stream = 0, .id = id++, .purpose = kView});
    benchmark::DoNotOptimize(DrawViewParams(options, bench::kSmallSide, bench::kSmallSide, rng));
  }
}
BENCHMARK(DrawParameters);

void Views(benchmark::internal::Benchmark* each) {
  each->ArgName("view")->Arg(96)->Arg(224)->Unit(benchmark::kMicrosecond);
}
BENCHMARK(Copy)->Apply(Views);
BENCHMARK(Brightness)->Apply(Views);
BENCHMARK(Contrast)->Apply(Views);
BENCHMARK(Saturation)->Apply(Views);
BENCHMARK(Hue)->Apply(Views);
BENCHMARK(Grey)->Apply(Views);
BENCHMARK(Flip)->Apply(Views);
BENCHMARK(Blur)->Apply(Views);

void ViewsOfImages(benchmark::internal::Benchmark* each) {
  each->ArgNames({"view", "height", "width"})->Unit(benchmark::kMicrosecond);
  for (const int view : {96, 224}) {
    each->Args({view, bench::kSmallSide, bench::kSmallSide});
    each->Args({view, bench::kPhotoHeight, bench::kPhotoWidth});
  }
}
BENCHMARK(Resample)->Apply(ViewsOfImages);
BENCHMARK(View)->Apply(ViewsOfImages);

}  // namespace
}  // namespace flowtrain
