// A data set's file that is cut short while a graph reads it: the run ends with an error that says
// so, and no batch is trained on whose images are zeros in place of data.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "nodes/data/stl10_set.h"
#include "nodes/pack/pack_images.h"
#include "pipeline/config/config.h"
#include "pipeline/graph/graph_def.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/graph.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kCutSide = 32, kCutRows = 8;

// Cuts a file short at the third batch, and counts the views that have a black pixel: the images of
// the test have none.
class CuttingStage final : public CollateNode {
 public:
  static void Declare(NodeSpec& spec) {
    spec.Doc("Cuts the file that is read.").Input("rows", Stream::kSample);
  }
  BatchLayout Layout() const override { return {kCutRows, 2, size_t{3} * kCutSide * kCutSide}; }
  std::shared_ptr<uint8_t> Allocate(size_t bytes) override {
    return {static_cast<uint8_t*>(std::aligned_alloc(64, bytes)),
            [](uint8_t* memory) { std::free(memory); }};
  }
  void Process(Batch& batch) override {
    const std::span<const uint8_t> pixels(batch.buffer, batch.layout.bytes());
    black += std::count(pixels.begin(), pixels.end(), 0);
    if (++batches == 3) fs::resize_file(path, bytes_left);
  }

  inline static int batches;
  inline static int64_t black;
  inline static std::string path;
  inline static uint64_t bytes_left;
};
FLOWTRAIN_REGISTER(CuttingStage);

std::string RunMessage(const std::string& kind, const std::string& root, const std::string& path,
                       uint64_t bytes_left) {
  const std::string text = R"(
graph: loader
pools: {samples: 16, batches: 3}
workers: 4
resources:
  dataset: {type: ImageDataset, options: {kind: )" +
                           kind + ", splits: [train], root: \"" + root + R"("}}
  views: {type: ViewRecipe, options: {size: 32, flip: 0, jitter: 0, grey: 0, blur: 0}}
nodes:
  source: {type: EpochSource, out: ids, workers: 2, options: {epochs: 1000}}
  decode: {type: DecodeImage, in: ids, out: images, workers: 4}
  augment: {type: DualViewAugment, in: images, out: rows, workers: 4}
  stage: {type: CuttingStage, in: rows}
)";
  const GraphDef def = LoadGraph(ReadYaml(text, "loader.yaml"), Config(), Registry::Global());
  RunControl run;
  Graph graph(def, Registry::Global(), run);
  CuttingStage::batches = 0;
  CuttingStage::black = 0;
  CuttingStage::path = path;
  CuttingStage::bytes_left = bytes_left;
  graph.Open();
  return MessageOf<std::runtime_error>([&] { graph.Run(); });
}

void WriteStl10(const TempFolder& folder) {
  folder.Write("train_X.bin", std::vector<uint8_t>(200 * kStl10ImageBytes, 120));
}

TEST(CutFile, OfStl10EndsTheRun) {
  const TempFolder folder;
  WriteStl10(folder);
  const std::string file = folder / "train_X.bin";
  for (const uint64_t left : {uint64_t{0}, uint64_t{1000}, 100 * kStl10ImageBytes}) {
    WriteStl10(folder);
    EXPECT_THAT(RunMessage("stl10", folder.path(), file, left),
                AllOf(HasSubstr("train_X.bin changed while it was read: it has " +
                                std::to_string(left) + " bytes now"),
                      HasSubstr("--resume")));
    EXPECT_EQ(CuttingStage::black, 0);
  }
}

TEST(CutFile, OfAPackedSetEndsTheRun) {
  const TempFolder folder;
  WriteStl10(folder);
  const std::string file = folder / "set.ftpack";
  for (const uint64_t left : {uint64_t{0}, uint64_t{300'000}}) {
    PackImages(*OpenStl10(folder.path(), {"train"}), file, {});
    EXPECT_THAT(RunMessage("packed", file, file, left), HasSubstr("set.ftpack changed while"));
    EXPECT_EQ(CuttingStage::black, 0);
  }
}

TEST(CutFile, GrowingCountsAsAChangeToo) {
  const TempFolder folder;
  WriteStl10(folder);
  EXPECT_THAT(RunMessage("stl10", folder.path(), folder / "train_X.bin", 300 * kStl10ImageBytes),
              HasSubstr("changed while"));
}

}  // namespace
}  // namespace flowtrain
