// A graph whose batches a Python program takes, measured without one.
#include "tests/support/loader_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "nodes/lend/consumer.h"
#include "nodes/measure/host_stage.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "tools/measure/bare_nodes.h"
#include "tools/measure/loader_run.h"
#include "tools/measure/partial_graph.h"

namespace flowtrain {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kEightViews[] =
    "augment.views=[{count: 2, size: 32}, {count: 6, size: 16, blur: 0}]";

GraphDef HostLoader(const std::vector<std::string>& more = {}, double device_rate = 0) {
  return HostGraph(LoadedLoader(more), Registry::Global(), device_rate);
}

std::vector<int> SidesOf(const std::vector<std::string>& sets) {
  RunControl run;
  Graph graph(HostLoader(sets), Registry::Global(), run);
  graph.Open();
  return FindComponent<HostStage>(graph)->view_sides();
}

TEST(LoaderGraphAlone, HasTheViewsOfTheLoader) {
  EXPECT_THAT(SidesOf({}), ElementsAre(24, 24));
  EXPECT_THAT(SidesOf({"loader.views=3"}), ElementsAre(24, 24, 24));
  EXPECT_THAT(SidesOf({kEightViews}), ElementsAre(32, 32, 16, 16, 16, 16, 16, 16));
  EXPECT_THAT(SidesOf({"augment.views=[{count: 3, size: 40}]"}), ElementsAre(40, 40, 40));
}

TEST(LoaderGraphAlone, RunsUntilItIsDrained) {
  for (const double device_rate : {0.0, 2000.0}) {
    RunControl run;
    const LoaderTimes times{.warm_up_s = 0, .warm_up_epochs = 1, .seconds = 0.2};
    const auto figures =
        RunLoader(HostLoader({kEightViews, "loader.values=float32"}, device_rate), times, run);
    ASSERT_TRUE(figures);
    EXPECT_GE(figures->images_before, 56U);
    std::vector<std::string> names;
    for (const auto& node : figures->nodes) names.push_back(node.name);
    EXPECT_THAT(names, ElementsAre("source", "decode", "augment", "normalize", "lend"));
    EXPECT_EQ(figures->device_busy.has_value(), device_rate > 0);
  }
}

TEST(LoaderGraphAlone, MeasuresNoRowsWithoutAnImage) {
  RunControl run;
  BareNodes nodes(HostLoader({"loader.drop_last=false"}), Registry::Global(), run);
  Batch batch;
  const auto buffer = nodes.Allocate(batch);
  Sample sample;
  for (int i = 0; i < 3 * 61; ++i) {
    if (i % 8 == 0) {
      ASSERT_TRUE(nodes.BeginBatch(batch));
    }
    nodes.Admit(sample, batch, i % 8);
    EXPECT_LT(sample.id, 61U);
  }
}

// The first batch of a loader alone.
struct FirstBatch {
  explicit FirstBatch(const std::vector<std::string>& sets)
      : nodes(HostLoader(sets), Registry::Global(), run),
        format(FindComponent<Consumer>(nodes.graph())->format()),
        buffer(nodes.Allocate(batch)) {
    if (!nodes.BeginBatch(batch)) throw std::runtime_error("the source has no batch");
    for (int row = 0; row < batch.layout.rows; ++row) nodes.Admit(sample, batch, row);
  }

  RunControl run;
  BareNodes nodes;
  ViewFormat format;
  Batch batch;
  std::shared_ptr<uint8_t> buffer;
  Sample sample;
};

TEST(LoaderGraphAlone, MakesTheValuesThatTheLoopAsksFor) {
  const FirstBatch bytes({kEightViews});
  const FirstBatch floats({kEightViews, "loader.values=float32", "loader.mean=[0, 0, 0]",
                           "loader.std=[1, 1, 1]", "loader.layout=channels_last"});
  const BatchLayout& layout = bytes.batch.layout;
  for (int view = 0; view < 8; ++view) {
    for (int row = 0; row < layout.rows; ++row) {
      std::vector<float> values(layout.ViewBytes(view));
      std::memcpy(values.data(), floats.batch.buffer + floats.format.ValuesAt(layout, view, row),
                  sizeof(float) * values.size());
      for (size_t i = 0; i < values.size(); ++i) {
        ASSERT_NEAR(values[i], bytes.batch.Row(view, row)[i] / 255.0F, 1e-6F) << view << ", " << i;
      }
    }
  }
}

TEST(LoaderGraphAlone, IsRefusedWhereTheLoopRefusesIt) {
  RunControl run;
  Graph graph(HostLoader({kEightViews, "loader.views=3"}), Registry::Global(), run);
  try {
    graph.Open();
    ADD_FAILURE() << "nothing was refused";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("loader.views (--set) is 3"));
    EXPECT_THAT(error.what(), HasSubstr("makes 8 views of an image"));
  }
}

TEST(LoaderGraphAlone, HasNothingToTrain) {
  for (const auto make : {TrainGraph, DeviceGraph}) {
    try {
      make(LoadedLoader(), Registry::Global());
      ADD_FAILURE() << "nothing was refused";
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr("loader.timing()"));
      EXPECT_THAT(error.what(), HasSubstr("flowtrain bench loader"));
    }
  }
}

}  // namespace
}  // namespace flowtrain
