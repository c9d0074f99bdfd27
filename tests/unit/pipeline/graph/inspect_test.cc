#include "pipeline/graph/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/config/config.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/runtime/component_set.h"
#include "tests/support/declared_types.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class InspectTest : public ::testing::Test {
 protected:
  GraphDef Load() {
    const Config config(ReadYaml(declared::kConfig, "c.yaml"));
    return LoadGraph(ReadYaml(declared::kGraph, "g.yaml"), config, registry_);
  }
  const Registry registry_ = declared::AllTypes();
};

TEST_F(InspectTest, ShowsAGraph) {
  EXPECT_EQ(InspectGraph(Load(), registry_), R"(graph small: 6 worker threads and the device lane

node     type     runs on        in -> out
source   Source   6 workers      -> ids (sample)
augment  Augment  6 workers      ids (sample) -> rows (sample)
stage    Stage    device lane    rows (sample) -> batches (batch)
forward  Forward  device lane    batches (batch) -> windows (step)
update   Update   device lane    windows (step) -> steps (step)
report   Report   one at a time  steps (step)

resource   type       used by
net        Model      forward
gpu        Device     model
model      Model      optimizer
optimizer  Optimizer  update
dataset    Images     source

pool     slots
samples  4 per worker, at least 16
batches  3

option                   value
net.width                32
optimizer.learning_rate  0.06
dataset.root             images
dataset.splits           [train, unlabeled]
augment.size             96
stage.batch_size         128
)");
}

TEST_F(InspectTest, DrawsAGraph) {
  const std::string dot = InspectDot(Load(), registry_);
  EXPECT_THAT(dot, StartsWith("digraph \"small\" {\n"));
  EXPECT_THAT(dot, HasSubstr("\"gpu\" [label=\"gpu\\nDevice\", shape=ellipse];\n"));
  EXPECT_THAT(dot, HasSubstr("\"gpu\" -> \"model\" [style=dotted];\n"));
  EXPECT_THAT(dot, HasSubstr("\"augment\" [label=\"augment\\nAugment\\n6 workers\"];\n"));
  EXPECT_THAT(dot, HasSubstr("\"augment\" -> \"stage\" [label=\"rows\"];\n"));
  EXPECT_EQ(dot.substr(dot.size() - 2), "}\n");
}

TEST_F(InspectTest, ListsTypesAlongTheFlow) {
  EXPECT_EQ(DescribeTypes(registry_), R"(Source     source       Admits samples.
Augment    sample node  Makes the views.
Stage      stage node   Gathers batches.
Forward    window node  Runs the model.
Report     step node    Tells of each step.
Update     step node    Steps the optimiser.
Chicken    resource     Needs an egg.
Device     resource     Where the model runs.
Egg        resource     Needs a chicken.
Images     resource     The images.
Model      resource     The model.
Optimizer  resource     Updates the model.
)");
}

TEST_F(InspectTest, DescribesANode) {
  EXPECT_EQ(DescribeType(*registry_.Find("Augment")),
            R"(Augment: sample node, runs on worker threads, as many as `workers` says
  Makes the views.

  Uint8 HWC.

  in   images  sample
  out  rows    sample

  option      default   type               bound
  size        96        an integer         >= 1    Side of the crop, pixels.
  crop_scale  [0.2, 1]  a list of numbers  0 to 1  Area of the crop, share of the image.

Example
nodes:
  augment:
    type: Augment
    in: images
    out: rows
    workers: 2
    options:
      size: 96
      crop_scale: [0.2, 1]
)");
}

TEST_F(InspectTest, DescribesAResource) {
  EXPECT_EQ(DescribeType(*registry_.Find("Images")), R"(Images: resource
  The images.
  Held in memory.

  option  default     type             bound
  root    (required)  text             -                              Folder of the images.
  splits  [train]     a list of names  one of train, test, unlabeled  Files to read.

Example
resources:
  images:
    type: Images
    options:
      root: ${root}
      splits: [train]
)");
}

// What the example says is what a graph takes: its options bind.
TEST_F(InspectTest, ExamplesBind) {
  for (const auto& [name, type] : registry_.types()) {
    const std::string text = DescribeType(type);
    const Value example = ReadYaml(text.substr(text.find("Example\n") + 8), name);
    const Entry& entry = example.entries.at(0).value.entries.at(0);
    EXPECT_EQ(entry.value.Find("type")->scalar, name);
    ComponentDef def;
    def.type = name;
    const Value* options = entry.value.Find("options");
    if (options != nullptr) def.options = options->entries;
    for (Entry& option : def.options) {
      if (option.value.ToString() == "${batch_size}") option.value = ReadYaml("1", name);
    }
    EXPECT_NE(MakeComponent(def, registry_), nullptr) << name;
  }
}

}  // namespace
}  // namespace flowtrain
