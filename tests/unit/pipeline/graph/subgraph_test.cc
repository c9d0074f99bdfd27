#include "pipeline/graph/subgraph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "pipeline/graph/graph_def.h"
#include "pipeline/graph/inspect.h"
#include "pipeline/graph/load_graph.h"
#include "tests/support/declared_types.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kLoader[] = R"(in: ids
out: batches
nodes:
  augment: {type: Augment, in: ids, out: rows, workers: ${data.num_workers}, options: {size: ${data.image_size}}}
  stage: {type: Stage, in: rows, out: batches, options: {batch_size: ${data.batch_size}}}
)";

// declared::kGraph, with `load` in the place of its nodes augment and stage.
constexpr char kWhole[] = R"(graph: small
config: c.yaml
pools: {samples: 0, batches: 3}
workers: ${data.num_workers}
resources:
  gpu: {type: Device}
  model: {type: Model, uses: {device: gpu}}
  optimizer: {type: Optimizer, options: {learning_rate: ${train.learning_rate}}}
  dataset: {type: Images, options: {root: ${data.root}, splits: ${data.splits}}}
nodes:
  source: {type: Source, out: first, workers: ${data.num_workers}}
  load: {graph: load.yaml, in: first, out: made}
  forward: {type: Forward, in: made, out: windows}
  update: {type: Update, in: windows, out: steps}
  report: {type: Report, in: steps}
)";

class SubgraphTest : public ::testing::Test {
 protected:
  SubgraphTest() {
    Write("c.yaml", declared::kConfig);
    Write("load.yaml", kLoader);
    Write("whole.yaml", kWhole);
  }
  void Write(const std::string& name, const std::string& text) { folder_.Write(name, text); }
  GraphDef Load(const std::string& name) const {
    const GraphFile file = ReadGraphFile(folder_ / name);
    return LoadGraph(file.graph, DefaultParameters(file), registry_);
  }
  std::vector<std::string> Findings(const std::string& name) const {
    return FindingsOf([&] { Load(name); });
  }

  const TempFolder folder_;
  const Registry registry_ = declared::AllTypes();
};

TEST_F(SubgraphTest, ItsNodesStandWhereTheNodeStood) {
  std::vector<std::string> nodes;
  const GraphDef graph = Load("whole.yaml");
  for (const NodeDef& node : graph.nodes) nodes.push_back(node.name);
  EXPECT_THAT(nodes,
              ElementsAre("source", "load.augment", "load.stage", "forward", "update", "report"));
  EXPECT_EQ(graph.nodes[1].in[0].stream, "first");
  EXPECT_EQ(graph.nodes[1].out[0].stream, "load.rows");
  EXPECT_EQ(graph.nodes[2].in[0].stream, "load.rows");
  EXPECT_EQ(graph.nodes[2].out[0].stream, "made");
  EXPECT_EQ(graph.nodes[1].workers, 6);  // ${data.num_workers}
}

TEST_F(SubgraphTest, AddsTheResourcesThatTheGraphLacks) {
  Write("load.yaml",
        std::string(kLoader) + "resources:\n  gpu: {type: Images}\n  extra: {type: Device}\n");
  const GraphDef graph = Load("whole.yaml");
  std::string types;
  for (const ComponentDef& resource : graph.resources)
    types += resource.name + ':' + resource.type + ' ';
  EXPECT_THAT(types, AllOf(HasSubstr("gpu:Device "), HasSubstr("extra:Device ")));
}

TEST_F(SubgraphTest, ItsParametersAreDefaults) {
  Write("load.yaml", std::string(kLoader) + "parameters: {data: {image_size: 32}}\n");
  EXPECT_EQ(DefaultParameters(ReadGraphFile(folder_ / "whole.yaml")).Get<int>("data.image_size"),
            32);
  Write("whole.yaml", std::string(kWhole) + "parameters: {data: {image_size: 48}}\n");
  EXPECT_EQ(DefaultParameters(ReadGraphFile(folder_ / "whole.yaml")).Get<int>("data.image_size"),
            48);
}

TEST_F(SubgraphTest, MayHaveOneOfItsOwn) {
  Write("outer.yaml",
        "in: ids\nout: batches\nnodes: {inner: {graph: load.yaml, in: ids, out: batches}}\n");
  std::string whole = kWhole;
  whole.replace(whole.find("load.yaml"), 9, "outer.yaml");
  Write("whole.yaml", whole);
  EXPECT_EQ(Load("whole.yaml").nodes[1].name, "load.inner.augment");
}

TEST_F(SubgraphTest, FindingsNameTheFileAndTheNode) {
  Write("whole.yaml", std::string(kWhole).replace(std::string(kWhole).find("in: first, "), 11, ""));
  EXPECT_THAT(Findings("whole.yaml"),
              ElementsAre(AllOf(HasSubstr("whole.yaml:12:3: node 'load' has 0 under `in`"),
                                HasSubstr("load.yaml 1: ids"))));
  Write("whole.yaml", std::string(kWhole).replace(std::string(kWhole).find("in: first, "), 11,
                                                  "in: first, workers: 3, "));
  EXPECT_THAT(Findings("whole.yaml"),
              ElementsAre(HasSubstr("unknown key 'workers' of node 'load', which is a graph")));
  Write("whole.yaml", kWhole);
  Write("load.yaml", std::string(kLoader) + "config: c.yaml\n");
  EXPECT_THAT(
      Findings("whole.yaml"),
      ElementsAre(HasSubstr("load.yaml:6:1: unknown key 'config' of a graph that is a node")));
  Write("load.yaml", "in: ids\nout: batches\n");
  EXPECT_THAT(Findings("whole.yaml"), ElementsAre(HasSubstr("the graph has no nodes")));
  Write("load.yaml",
        "in: ids\nout: batches\nnodes:\n  a: {graph: load.yaml, in: ids, out: b}\n"
        "  c: {graph: load.yaml, in: b, out: batches}\n");
  EXPECT_THAT(Findings("whole.yaml"), ElementsAre(HasSubstr("a node of itself?")));
}

}  // namespace
}  // namespace flowtrain
