// What is trained on does not depend on what the cache holds: whole graphs of a loader.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "nodes/data/folder_set.h"
#include "nodes/pack/pack_images.h"
#include "pipeline/base/files/xxh64.h"
#include "pipeline/config/config.h"
#include "pipeline/graph/graph_def.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/graph.h"
#include "tests/support/image_files.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

constexpr int kSide = 32, kRows = 6;

// Gathers batches and keeps their checksums.
class ChecksumStage final : public CollateNode {
 public:
  static void Declare(NodeSpec& spec) {
    spec.Doc("Keeps the checksums of batches.").Input("rows", Stream::kSample);
  }
  BatchLayout Layout() const override { return {kRows, 2, size_t{3} * kSide * kSide}; }
  std::shared_ptr<uint8_t> Allocate(size_t bytes) override {
    return {static_cast<uint8_t*>(std::aligned_alloc(64, bytes)),
            [](uint8_t* memory) { std::free(memory); }};
  }
  void Process(Batch& batch) override {
    checksums.push_back(Xxh64({batch.buffer, batch.layout.bytes()}));
  }

  inline static std::vector<uint64_t> checksums;
};
FLOWTRAIN_REGISTER(ChecksumStage);

// Of the batches of three epochs.
std::vector<uint64_t> Checksums(const std::string& kind, const std::string& root,
                                const std::string& cache, const std::string& workers) {
  const std::string text = R"(
graph: loader
pools: {samples: 12, batches: 3}
workers: 4
resources:
  dataset: {type: ImageDataset, options: {kind: ${kind}, root: ")" +
                           root + R"("}}
  cache: {type: DecodedCache, uses: {dataset: dataset}, options: )" +
                           cache + R"(}
  views: {type: ViewRecipe, options: {size: 32}}
nodes:
  source: {type: EpochSource, out: ids, workers: 2, options: {epochs: 3}}
  decode: {type: DecodeImage, in: ids, out: images, workers: ${workers}}
  augment: {type: DualViewAugment, in: images, out: rows, workers: ${workers}}
  stage: {type: ChecksumStage, in: rows}
)";
  Config config{ReadYaml("{kind: " + kind + ", workers: " + workers + "}", "parameters.yaml")};
  const GraphDef def = LoadGraph(ReadYaml(text, "loader.yaml"), config, Registry::Global());
  RunControl run;
  Graph graph(def, Registry::Global(), run);
  ChecksumStage::checksums.clear();
  graph.Open();
  graph.Run();
  return ChecksumStage::checksums;
}

// Some large enough for levels, and one so large that level 0 is never needed.
void WritePhotos(const TempFolder& folder) {
  for (int i = 0; i < 24; ++i) {
    const int height = i == 5 ? 600 : 40 + 11 * i, width = i == 5 ? 500 : 300 - 9 * i;
    folder.Write("photos/" + std::to_string(100 + i) + ".jpg",
                 WriteJpeg(SmoothImage(height, width, 3)));
  }
}

TEST(CachedBatches, AreTheSameWhateverTheCacheHoldsAndTheWorkers) {
  const TempFolder folder;
  WritePhotos(folder);
  const auto batches = [&](const std::string& cache, const std::string& workers) {
    return Checksums("folder", folder / "photos", cache, workers);
  };
  const auto all = batches("{mode: memory, budget: 64 MiB}", "1");
  ASSERT_EQ(all.size(), 12u);
  EXPECT_EQ(batches("{mode: memory, budget: 64 MiB}", "4"), all);
  EXPECT_EQ(batches("{mode: memory, budget: 600 KiB}", "1"), all) << "some are kept, some evicted";
  EXPECT_EQ(batches("{mode: memory, budget: 600 KiB}", "4"), all);
  EXPECT_EQ(batches("{mode: memory, budget: 1 KiB}", "2"), all) << "none is kept";
}

TEST(CachedBatches, OfAPackedFileAreThoseOfItsImagesInMemory) {
  const TempFolder folder;
  WritePhotos(folder);
  PackImages(*OpenFolder(folder / "photos"), folder / "set.ftpack", {});
  const auto packed = [&](const std::string& cache) {
    return Checksums("packed", folder / "set.ftpack", cache, "2");
  };
  EXPECT_EQ(packed("{mode: memory, budget: 64 MiB}"),
            Checksums("folder", folder / "photos", "{mode: memory, budget: 64 MiB}", "2"));
  EXPECT_EQ(packed("{mode: memory, budget: 600 KiB}"), packed("{mode: memory, budget: 64 MiB}"));
}

}  // namespace
}  // namespace flowtrain
