#include "tools/preview/preview.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/graph.h"
#include "tools/load/load.h"

namespace flowtrain {
namespace {

using testing::Each;

// Stands in the place of the node that trains, and keeps what it gets.
class KeepRows final : public WindowNode {
 public:
  struct Row {
    uint64_t epoch, id;
    std::vector<std::vector<uint8_t>> views;
  };

  static void Declare(NodeSpec& spec) {
    spec.Doc("Keeps the views of its batches.")
        .Input("batches", Stream::kBatch)
        .Output("windows", Stream::kStep);
  }
  void Process(Batch& batch, Step&) override {
    for (int row = 0; row < batch.layout.rows; ++row) {
      Row kept{batch.epoch, batch.ids[static_cast<size_t>(row)], {}};
      for (int view = 0; view < batch.layout.views; ++view) {
        const uint8_t* first = batch.Row(view, row);
        kept.views.emplace_back(first, first + batch.layout.view_bytes);
      }
      rows.push_back(std::move(kept));
    }
  }

  std::vector<Row> rows;
};
FLOWTRAIN_REGISTER(KeepRows);

GraphDef SampleGraph(const std::vector<std::string>& more = {}) {
  GraphRequest request;
  request.graph = FLOWTRAIN_SOURCE_DIR "/graphs/simclr.yaml";
  request.sets = {"data.kind=sample",
                  "sample.images=32",
                  "data.image_size=32",
                  "data.batch_size=4",
                  "gpu.gradient_accumulation=2",
                  "train.epochs=3",
                  "data.num_workers=2",
                  "device=cpu"};
  request.sets.insert(request.sets.end(), more.begin(), more.end());
  return LoadForRun(request).def;
}

// What the node that trains would get in a whole run, on several threads.
std::vector<KeepRows::Row> TrainedOn(GraphDef def) {
  size_t at = 0;
  while (def.nodes[at].type != "ForwardBackward") ++at;
  def.nodes.resize(at + 1);
  NodeDef& keep = def.nodes.back();
  keep.type = "KeepRows";
  keep.options.clear();
  keep.uses.clear();
  keep.out.clear();
  for (NodeDef& node : def.nodes) {
    std::erase_if(node.uses, [](const UseDef& use) { return use.name == "run_dir"; });
  }
  std::erase_if(def.resources, [](const ComponentDef& resource) {
    return resource.type == "RunDir" || resource.type == "SimclrModel" ||
           resource.type == "Optimizer";
  });
  RunControl run;
  Graph graph(def, Registry::Global(), run);
  graph.Open();
  graph.Run();
  return FindComponent<KeepRows>(graph)->rows;
}

void ExpectWhatTrainingSees(const GraphDef& def, int images, int draws) {
  const std::vector<KeepRows::Row> rows = TrainedOn(def);
  ASSERT_EQ(rows.size(), 96U);
  const Preview preview = MakePreview(def, Registry::Global(), images, draws);
  ASSERT_EQ(preview.images.size(), static_cast<size_t>(images));
  EXPECT_THAT(preview.view_sides, Each(32));
  for (size_t i = 0; i < preview.images.size(); ++i) {
    const PreviewImage& image = preview.images[i];
    EXPECT_EQ(image.id, rows[i].id) << i;
    ASSERT_EQ(image.draws.size(), static_cast<size_t>(draws));
    for (size_t draw = 0; draw < image.draws.size(); ++draw) {
      int found = 0;
      for (const KeepRows::Row& row : rows) {
        if (row.epoch != draw || row.id != image.id) continue;
        ++found;
        EXPECT_TRUE(row.views == image.draws[draw]) << "image " << i << ", draw " << draw;
      }
      EXPECT_EQ(found, 1) << "image " << i << ", draw " << draw;
    }
  }
}

TEST(Preview, ViewsAreThoseOfTheTrainingBitForBit) { ExpectWhatTrainingSees(SampleGraph(), 10, 3); }

TEST(Preview, SoTheyAreWithAnotherSeedAndACache) {
  ExpectWhatTrainingSees(SampleGraph({"train.seed=7", "data.cache=memory"}), 6, 2);
}

TEST(Preview, AnotherSeedMakesOtherViews) {
  const Preview a = MakePreview(SampleGraph(), Registry::Global(), 4, 1);
  const Preview b = MakePreview(SampleGraph({"train.seed=43"}), Registry::Global(), 4, 1);
  EXPECT_NE(a.images[0].draws, b.images[0].draws);
}

TEST(Preview, AnEpochHasNoMoreImagesThanItTrainsOn) {
  EXPECT_EQ(MakePreview(SampleGraph(), Registry::Global(), 64, 1).images.size(), 32U);
}

TEST(ContactSheet, EachViewStandsInItsPlace) {
  Preview preview;
  preview.view_sides = {32, 32};
  for (int i = 0; i < 2; ++i) {
    PreviewImage image;
    image.height = 1;
    image.width = 2;
    image.pixels = {10, 20, 30, 10, 20, 30};
    for (int draw = 0; draw < 2; ++draw) {
      const auto shade = static_cast<uint8_t>(100 + 10 * i + 2 * draw);
      image.draws.push_back({std::vector<uint8_t>(32 * 32 * 3, shade),
                             std::vector<uint8_t>(32 * 32 * 3, static_cast<uint8_t>(shade + 1))});
    }
    preview.images.push_back(image);
  }
  const SheetPicture sheet = ContactSheet(preview);
  ASSERT_EQ(sheet.height, 4 + 2 * 100);
  ASSERT_EQ(sheet.width, 4 + 96 + 2 * (12 + 2 * 96 + 4) + 4);
  const auto at = [&](int y, int x) {
    return sheet.rgb[3 * (static_cast<size_t>(y) * static_cast<size_t>(sheet.width) +
                          static_cast<size_t>(x))];
  };
  EXPECT_EQ(at(4 + 48, 4 + 48), 10);  // the image, wide: in the middle
  EXPECT_EQ(at(4 + 2, 4 + 48), 224);  // beside it nothing
  for (int i = 0; i < 2; ++i) {
    for (int draw = 0; draw < 2; ++draw) {
      const int top = 4 + 100 * i, left = 4 + 96 + draw * (12 + 2 * 96 + 4) + 12;
      EXPECT_EQ(at(top, left), 100 + 10 * i + 2 * draw);
      EXPECT_EQ(at(top + 95, left + 95), 100 + 10 * i + 2 * draw);
      EXPECT_EQ(at(top, left + 96), 255);
      EXPECT_EQ(at(top + 95, left + 100), 101 + 10 * i + 2 * draw);
    }
  }
}

}  // namespace
}  // namespace flowtrain
