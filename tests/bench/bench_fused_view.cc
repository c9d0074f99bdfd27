// What the kernels of the fused augmentation cost on a view, and a whole view of the SimCLR recipe.
// FLOWTRAIN_MAX_SIMD in the environment (avx2, sse4, …) caps the instruction set.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "nodes/augment/colour_ops.h"
#include "nodes/augment/fused_taps.h"
#include "nodes/augment/fused_view.h"
#include "nodes/image/aligned_vector.h"
#include "nodes/image/simd/instruction_set.h"
#include "nodes/image/simd/kernels.h"
#include "pipeline/base/philox.h"
#include "tests/bench/images.h"

namespace flowtrain {
namespace {

using Plane = AlignedVector<uint8_t>;

// Three planes of a side x side view.
struct ViewPlanes {
  explicit ViewPlanes(int side) : pixels(static_cast<size_t>(side) * static_cast<size_t>(side)) {
    const Raw picture = bench::Picture(side, side);
    for (size_t c = 0; c < 3; ++c) {
      values[c].resize(pixels + simd::kSlackBytes);
      for (size_t i = 0; i < pixels; ++i) values[c][i] = picture.values[3 * i + c];
    }
  }
  simd::Planes planes() { return {values[0].data(), values[1].data(), values[2].data()}; }

  size_t pixels;
  std::array<Plane, 3> values;
};

// The kernels take the same time whatever the values are, so they may work on their own results.
void Colour(benchmark::State& state, simd::ColourOp op) {
  ViewPlanes view(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    simd::ApplyColour(view.planes(), view.pixels, {&op, 1}, false);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
void MeanLuma(benchmark::State& state) {
  ViewPlanes view(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(simd::ApplyColour(view.planes(), view.pixels, {}, true));
  }
  state.SetItemsProcessed(state.iterations());
}

// Three planes; range(1): the radius.
void Blur(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0)), radius = static_cast<int>(state.range(1));
  ViewPlanes view(side);
  AlignedVector<uint16_t> scratch(simd::BlurScratch(side));
  Plane out(view.values[0].size());
  const std::vector<uint16_t> weights(static_cast<size_t>(radius) + 1,
                                      static_cast<uint16_t>(65536 / (2 * radius + 1)));
  for (auto _ : state) {
    for (Plane& plane : view.values) {
      simd::BlurRows({radius, weights.data()}, plane.data(), side, side, 0, side, scratch.data(),
                     out.data());
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

// Three planes.
void Transpose(benchmark::State& state) {
  const auto side = static_cast<size_t>(state.range(0));
  ViewPlanes view(static_cast<int>(side)), turned(static_cast<int>(side));
  for (auto _ : state) {
    for (size_t c = 0; c < 3; ++c) {
      simd::TransposeBytes(view.values[c].data(), side, side, side, turned.values[c].data(), side);
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

void Interleave(benchmark::State& state) {
  ViewPlanes view(static_cast<int>(state.range(0)));
  const simd::Planes planes = view.planes();
  AlignedVector<uint8_t> out(3 * view.pixels);
  for (auto _ : state) {
    simd::InterleaveRgb(planes.red, planes.green, planes.blue, view.pixels, out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

// One axis: range(1) lines of three bytes for each pixel of the view to the view's side.
void CombineRows(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0)), lines = static_cast<int>(state.range(1));
  const size_t length = size_t{3} * static_cast<size_t>(side);
  const Plane in(length * static_cast<size_t>(lines), 99);
  Plane out(length * static_cast<size_t>(side));
  FusedTaps taps;
  taps.Plan({0, static_cast<double>(lines), 0, lines}, side, Interpolation::kBilinear, false);
  for (auto _ : state) {
    simd::CombineRows(taps.rows(), in.data(), length, length, out.data(), length);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

void PlanTaps(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0)), lines = static_cast<int>(state.range(1));
  FusedTaps taps;
  for (auto _ : state) {
    taps.Plan({0.25, lines - 0.5, 0, lines}, side, Interpolation::kBilinear, false);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

// A view of the whole recipe, with parameters that are drawn anew for each.
void View(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0));
  const int height = static_cast<int>(state.range(1)), width = static_cast<int>(state.range(2));
  const Raw picture = bench::Picture(height, width);
  AlignedVector<uint8_t> out(size_t{3} * static_cast<size_t>(side) * static_cast<size_t>(side));
  const AugmentOptions options;
  FusedView fused;
  uint64_t id = 0;
  for (auto _ : state) {
    Rng rng({.seed = 42, .stream = 0, .id = id++, .purpose = kView});
    const ViewParams params = DrawViewParams(options, height, width, rng);
    fused.Make({picture.values.data(), height, width}, params, options, side, out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

// The same from an image of STL-10 as float values, which go to memory: made as such, or of the bytes
// of each view (range(0): 0).
void ViewAsValues(benchmark::State& state) {
  constexpr int kSide = bench::kSmallSide;
  constexpr size_t kBytes = size_t{3} * kSide * kSide,
                   kViews = 1024;  // far more than a cache holds
  const Raw picture = bench::Picture(kSide, kSide);
  AlignedVector<float> out(kViews * kBytes);
  AlignedVector<uint8_t> bytes(kBytes);
  const auto by = simd::NormalizationOf({0.485, 0.456, 0.406}, {0.229, 0.224, 0.225});
  const AugmentOptions options;
  FusedView fused;
  ViewSource source{picture.values.data(), kSide, kSide};
  source.layout = PixelLayout::kColumnPlanes;
  uint64_t id = 0;
  for (auto _ : state) {
    Rng rng({.seed = 42, .stream = 0, .id = id++, .purpose = kView});
    const ViewParams params = DrawViewParams(options, kSide, kSide, rng);
    const simd::ImageValues to{out.data() + id % kViews * kBytes, true};
    if (state.range(0) != 0) {
      fused.Make(source, params, options, kSide, ViewValues{by, to});
    } else {
      fused.Make(source, params, options, kSide, bytes.data());
      simd::NormalizeRgb(by, bytes.data(), kBytes / 3, to);
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

void Views(benchmark::internal::Benchmark* each) {
  each->ArgName("view")->Arg(96)->Arg(224)->Unit(benchmark::kMicrosecond);
}
BENCHMARK_CAPTURE(Colour, brightness, BrightnessOp(1.2f))->Apply(Views);
BENCHMARK_CAPTURE(Colour, contrast, ContrastOp(1.2f, 100))->Apply(Views);
BENCHMARK_CAPTURE(Colour, saturation, SaturationOp(1.2f))->Apply(Views);
BENCHMARK_CAPTURE(Colour, hue, HueOp(0.07f))->Apply(Views);
BENCHMARK_CAPTURE(Colour, grey, GreyOp())->Apply(Views);
BENCHMARK_CAPTURE(Colour, solarize, SolarizeOp(128))->Apply(Views);
BENCHMARK(MeanLuma)->Apply(Views);
BENCHMARK(Transpose)->Apply(Views);
BENCHMARK(Interleave)->Apply(Views);
BENCHMARK(Blur)
    ->ArgNames({"view", "radius"})
    ->ArgsProduct({{96, 224}, {1, 4, 11}})
    ->Unit(benchmark::kMicrosecond);

void Axes(benchmark::internal::Benchmark* each) {
  each->ArgNames({"view", "lines"})->Unit(benchmark::kMicrosecond);
  each->Args({96, 70})->Args({96, 300})->Args({224, 300});
}
BENCHMARK(CombineRows)->Apply(Axes);
BENCHMARK(PlanTaps)->Apply(Axes);

BENCHMARK(View)
    ->ArgNames({"view", "height", "width"})
    ->Args({96, bench::kSmallSide, bench::kSmallSide})
    ->Args({96, bench::kPhotoHeight, bench::kPhotoWidth})
    ->Args({224, bench::kPhotoHeight, bench::kPhotoWidth})
    ->Unit(benchmark::kMicrosecond);

BENCHMARK(ViewAsValues)->ArgName("fused")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace flowtrain

int main(int argc, char** argv) {
  const char* cap = std::getenv("FLOWTRAIN_MAX_SIMD");
  if (cap != nullptr && !flowtrain::simd::CapInstructionSet(cap)) {
    std::cerr << "FLOWTRAIN_MAX_SIMD: this processor has no " << cap << '\n';
    return 2;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
