// A device that fails in the middle of a run, in the real graph.
#include <c10/util/Exception.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "nodes/train/checkpoint/checkpoint_file.h"
#include "nodes/train/weights/network_weights.h"
#include "nodes/train/weights/read_checkpoint.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/config/config.h"
#include "pipeline/graph/graph_file.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/graph.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using testing::HasSubstr;

constexpr uint64_t kGoodSteps = 3;

// Stands where the device lane is, and is told by the device that it is gone.
class LosesTheDevice final : public StepNode {
 public:
  static void Declare(NodeSpec& spec) {
    spec.Doc("Fails as a device does.")
        .Input("in", Stream::kStep)
        .Output("out", Stream::kStep)
        .OnLane();
  }
  void Process(Step& step) override {
    TORCH_CHECK(step.step < kGoodSteps, "CUDA error: unspecified launch failure");
  }
};
FLOWTRAIN_REGISTER(LosesTheDevice);

// graphs/simclr.yaml with the failing node between the optimiser and the checkpoint.
GraphDef FailingGraph(const std::string& run) {
  const GraphFile file = ReadGraphFile(FLOWTRAIN_SOURCE_DIR "/graphs/simclr.yaml");
  Config config = DefaultParameters(file);
  for (const std::string& set :
       {std::string("data.kind=sample"), std::string("sample.images=40"),
        std::string("data.image_size=8"), std::string("data.batch_size=2"),
        std::string("gpu.gradient_accumulation=2"), std::string("data.num_workers=2"),
        std::string("threads=1"), std::string("device=cpu"), std::string("model.stem=small"),
        std::string("gpu.mixed_precision=false"), std::string("evaluate.knn=false"),
        std::string("run.checkpoint_every_steps=1"), "run.path=" + run}) {
    config.Set(set);
  }
  GraphDef def = LoadGraph(file.graph, config, Registry::Global());
  for (size_t i = 0; i < def.nodes.size(); ++i) {
    if (def.nodes[i].name != "step") continue;
    NodeDef failing;
    failing.name = "device";
    failing.type = "LosesTheDevice";
    failing.in = def.nodes[i].out;
    failing.out = {{"survived", {}}};
    def.nodes[i + 1].in = failing.out;
    def.nodes.insert(def.nodes.begin() + static_cast<std::ptrdiff_t>(i) + 1, failing);
    break;
  }
  return def;
}

TEST(DeviceFailure, EndsTheRunWithTheCauseAndTheLastCheckpointWhole) {
  const TempFolder folder;
  std::string error, log;
  SetLogWriter([&](const std::string& line) { log += line; });
  {
    RunControl run;
    Graph graph(FailingGraph(folder.path()), Registry::Global(), run);
    graph.Open();
    try {
      graph.Run();
    } catch (const NodeError& e) {
      error = e.what();
    }
    EXPECT_TRUE(graph.pools_whole());
  }
  SetLogWriter(nullptr);
  EXPECT_THAT(error, HasSubstr("'device' failed on step 4"));
  EXPECT_THAT(error, HasSubstr("unspecified launch failure"));
  const std::string checkpoint = FindCheckpoint(folder.path());
  EXPECT_EQ(ReadTrainingState(checkpoint).steps_done, kGoodSteps);
  EXPECT_FALSE(ReadNetwork(checkpoint).empty());
  EXPECT_THAT(log, HasSubstr("the last checkpoint is that of step 3: " + checkpoint));
  EXPECT_THAT(log, HasSubstr("steps that are lost: 0. --resume " + folder.path()));
}

}  // namespace
}  // namespace flowtrain
