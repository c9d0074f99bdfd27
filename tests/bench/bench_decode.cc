// What it costs to decode an image.
//   FLOWTRAIN_BENCH_JPEG  a JPEG, or a folder of them; without it one that it encodes itself
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "nodes/decode/decode.h"
#include "nodes/decode/decode_scratch.h"
#include "tests/bench/images.h"

namespace flowtrain {
namespace {

void DecodeEach(benchmark::State& state, const std::vector<EncodedImage>& images) {
  DecodeScratch scratch;
  RgbImage rgb;
  std::string why;
  size_t next = 0;
  int64_t pixels = 0;
  for (auto _ : state) {
    if (!DecodeToRgb(images[next], scratch, nullptr, rgb, &why)) {
      return state.SkipWithError(why.c_str());
    }
    benchmark::DoNotOptimize(rgb.pixels.data());
    benchmark::ClobberMemory();
    pixels += int64_t{rgb.height} * rgb.width;
    next = (next + 1) % images.size();
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["pixels/s"] =
      benchmark::Counter(static_cast<double>(pixels), benchmark::Counter::kIsRate);
}

void WholeJpeg(benchmark::State& state) {
  const std::vector<Bytes> files = bench::Jpegs();
  std::vector<EncodedImage> images;
  for (const Bytes& file : files) images.emplace_back().bytes = file;
  DecodeEach(state, images);
}
BENCHMARK(WholeJpeg)->Unit(benchmark::kMicrosecond);

// STL-10's image, and one that is RGB already.
void Raw96(benchmark::State& state, Encoding encoding) {
  const Raw picture = bench::Picture(bench::kSmallSide, bench::kSmallSide);
  EncodedImage image;
  image.bytes = picture.values;
  image.encoding = encoding;
  image.height = image.width = bench::kSmallSide;
  DecodeEach(state, {image});
}
BENCHMARK_CAPTURE(Raw96, stl10_planes, Encoding::kStl10Planes)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Raw96, rgb, Encoding::kRgb)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace flowtrain
