// The loader takes no memory from the heap once it is warm.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "pipeline/config/config.h"
#include "pipeline/graph/graph_def.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/graph.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/image_files.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr int kSide = 96, kRows = 16, kWarmBatches = 60, kBatches = 120;

// Gathers batches, and counts allocations between two of them.
class CountingStage final : public CollateNode {
 public:
  static void Declare(NodeSpec& spec) {
    spec.Doc("Counts allocations.").Input("rows", Stream::kSample);
  }
  BatchLayout Layout() const override { return {kRows, 2, size_t{3} * kSide * kSide}; }
  std::shared_ptr<uint8_t> Allocate(size_t bytes) override {
    return {static_cast<uint8_t*>(std::aligned_alloc(64, bytes)),
            [](uint8_t* memory) { std::free(memory); }};
  }
  void Process(Batch&) override {
    ++batches_;
    if (batches_ == kWarmBatches) {
      AllocationCounter::count = 0;
      AllocationCounter::on = true;
    }
    if (batches_ == kBatches) AllocationCounter::on = false;
  }

 private:
  int batches_ = 0;
};
FLOWTRAIN_REGISTER(CountingStage);

// Allocations while kBatches - kWarmBatches batches went through.
uint64_t Count(const std::string& kind, const std::string& root, const std::string& cache) {
  const std::string text = R"(
graph: loader
pools: {samples: 16, batches: 3}
workers: 3
resources:
  dataset: {type: ImageDataset, options: {kind: ${kind}, root: "${root}", splits: ${splits}}}
  cache: {type: DecodedCache, uses: {dataset: dataset}, options: {mode: ${cache}, budget: 64 MiB}}
  views: {type: ViewRecipe, options: {size: 96}}
nodes:
  source: {type: EpochSource, out: ids, workers: 3, options: {epochs: 1000, max_steps: 130}}
  decode: {type: DecodeImage, in: ids, out: images, workers: 3}
  augment: {type: DualViewAugment, in: images, out: rows, workers: 3}
  stage: {type: CountingStage, in: rows}
)";
  const std::string splits = kind == "stl10" ? "[train]" : "[train, unlabeled]";  // the default
  Config config{ReadYaml(
      "{kind: " + kind + ", root: \"" + root + "\", splits: " + splits + ", cache: " + cache + "}",
      "parameters.yaml")};
  const GraphDef def = LoadGraph(ReadYaml(text, "loader.yaml"), config, Registry::Global());
  RunControl run;
  Graph graph(def, Registry::Global(), run);
  graph.Open();
  graph.Run();
  return AllocationCounter::count;
}

TEST(LoaderAllocations, TheCounterCounts) {
  AllocationCounter::count = 0;
  AllocationCounter::on = true;
  std::free(std::malloc(10));
  delete new int(3);
  AllocationCounter::on = false;
  EXPECT_GE(AllocationCounter::count, 1u);
}

TEST(LoaderAllocations, NoneFromStl10) {
  const TempFolder folder;
  folder.Write("train_X.bin", std::vector<uint8_t>(size_t{200} * 3 * kSide * kSide, 77));
  EXPECT_EQ(Count("stl10", folder.path(), "none"), 0u);
}

// All of one size: the memory of a slot and of a worker grows to the largest image it has seen.
std::vector<uint8_t> Jpeg() { return WriteJpeg(SmoothImage(150, 200, 3)); }

TEST(LoaderAllocations, NoneFromTheCache) {
  const TempFolder folder;
  for (int i = 0; i < 32; ++i) folder.Write(std::to_string(i) + ".jpg", Jpeg());
  EXPECT_EQ(Count("folder", folder.path(), "memory"), 0u);
}

TEST(LoaderAllocations, NoneFromJpegs) {
  const TempFolder folder;
  for (int i = 0; i < 32; ++i) folder.Write(std::to_string(i) + ".jpg", Jpeg());
  EXPECT_EQ(Count("folder", folder.path(), "none"), 0u);
}

}  // namespace
}  // namespace flowtrain
