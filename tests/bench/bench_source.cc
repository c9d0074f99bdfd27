// What it costs to fetch an image's bytes.
//   FLOWTRAIN_BENCH_STL10  folder of STL-10's binary files; without it that benchmark is skipped
//   FLOWTRAIN_BENCH_JPEG   folder of JPEG files; without it one of 64 files that it writes itself
#include <benchmark/benchmark.h>

#include <memory>
#include <numeric>
#include <string>

#include "nodes/data/folder_set.h"
#include "nodes/data/sample_set.h"
#include "nodes/data/stl10_set.h"
#include "pipeline/base/philox.h"
#include "tests/bench/images.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

// In random order, each byte read once, as a decoder does.
void FetchAll(benchmark::State& state, const ImageSet& set) {
  const Permutation order(set.size(), RngKey{42, 0, 0, kShuffle});
  std::vector<uint8_t> storage;
  uint64_t position = 0;
  int64_t bytes = 0;
  for (auto _ : state) {
    const EncodedImage image = set.Fetch(order(position), storage);
    if (!image.error.empty()) return state.SkipWithError(image.error.c_str());
    benchmark::DoNotOptimize(std::accumulate(image.bytes.begin(), image.bytes.end(), uint64_t{0}));
    bytes += static_cast<int64_t>(image.bytes.size());
    position = (position + 1) % set.size();
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(bytes);
}

void FetchStl10(benchmark::State& state) {
  const char* root = std::getenv("FLOWTRAIN_BENCH_STL10");
  if (root == nullptr) return state.SkipWithError("FLOWTRAIN_BENCH_STL10 names no folder");
  FetchAll(state, *OpenStl10(root, {"train"}));
}
BENCHMARK(FetchStl10);

void FetchFolder(benchmark::State& state) {
  const char* root = std::getenv("FLOWTRAIN_BENCH_JPEG");
  if (root != nullptr) return FetchAll(state, *OpenFolder(root));
  const TempFolder folder;
  const Bytes file = bench::Jpegs().front();
  for (int i = 0; i < 64; ++i) folder.Write(std::to_string(i) + ".jpg", file);
  FetchAll(state, *OpenFolder(folder.path()));
}
BENCHMARK(FetchFolder);

void FetchSamplePicture(benchmark::State& state) { FetchAll(state, *MakeSampleSet(42, 2000, 96)); }
BENCHMARK(FetchSamplePicture);

}  // namespace
}  // namespace flowtrain
