#include "tools/measure/partial_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "pipeline/base/error.h"
#include "tests/support/small_graph.h"

namespace flowtrain {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

template <typename Def>
std::vector<std::string> Names(const std::vector<Def>& defs) {
  std::vector<std::string> names;
  for (const Def& def : defs) names.push_back(def.name);
  return names;
}

std::map<std::string, std::string> Options(const ComponentDef& def) {
  std::map<std::string, std::string> options;
  for (const Entry& option : def.options) options[option.key] = option.value.scalar;
  return options;
}

TEST(LoaderGraph, EndsAfterTheOptimiserWithAMeter) {
  const GraphDef graph = LoaderGraph(SmallGraph(), SmallRegistry(), 20, 4);
  EXPECT_THAT(Names(graph.nodes), ElementsAre("the_Source", "the_Decode", "the_Stage", "the_Train",
                                              "the_Optimise", "meter"));
  EXPECT_THAT(Names(graph.resources), ElementsAre("device", "data", "model"));
  EXPECT_EQ(graph.nodes.back().in.at(0).stream, "steps");
  EXPECT_THAT(Options(graph.nodes.back()), UnorderedElementsAre(Pair("skip", "4")));
}

TEST(LoaderGraph, TheStepsEndTheRunNotTheEpochs) {
  const GraphDef graph = LoaderGraph(SmallGraph(), SmallRegistry(), 20, 4);
  EXPECT_THAT(Options(graph.nodes.front()),
              UnorderedElementsAre(Pair("window", "4"), Pair("epochs", "1000000"),
                                   Pair("max_steps", "20")));
}

TEST(FixedGraph, FeedsTheStageDirectlyWithTheSameWindow) {
  const GraphDef graph = FixedGraph(SmallGraph(), SmallRegistry(), 20, 4);
  EXPECT_THAT(Names(graph.nodes),
              ElementsAre("fixed_source", "the_Stage", "the_Train", "the_Optimise", "meter"));
  EXPECT_THAT(Names(graph.resources), ElementsAre("device", "model"));
  EXPECT_EQ(graph.nodes.front().out.at(0).stream, graph.nodes.at(1).in.at(0).stream);
  EXPECT_THAT(Options(graph.nodes.front()),
              UnorderedElementsAre(Pair("steps", "20"), Pair("window", "4")));
}

TEST(BenchGraphs, NeedAnOptimiser) {
  GraphDef def = SmallGraph();
  def.nodes.resize(4);
  EXPECT_THROW(LoaderGraph(def, SmallRegistry(), 20, 4), ConfigError);
}

TEST(HostGraph, EndsWithAStageThatKnowsNoDevice) {
  GraphDef def = SmallGraph();
  AddOption(def.nodes[2], "batch_size", "16");
  AddOption(def.nodes[2], "pin_memory", "true");
  def.nodes[2].uses.push_back({"device", "device", {}});
  const GraphDef graph = HostGraph(def, SmallRegistry());
  EXPECT_THAT(Names(graph.nodes), ElementsAre("the_Source", "the_Decode", "the_Stage"));
  EXPECT_EQ(graph.nodes.back().type, "HostStage");
  EXPECT_THAT(Options(graph.nodes.back()), UnorderedElementsAre(Pair("batch_size", "16")));
  EXPECT_THAT(Names(graph.resources), ElementsAre("data"));
}

TEST(HostGraph, RunsUntilItIsDrained) {
  Registry registry = SmallRegistry();
  NodeSpec source;
  source.type = "CountedSource";
  source.kind = NodeSpec::Kind::kSource;
  for (const char* name : {"epochs", "max_steps", "window"}) {
    source.options.emplace_back().name = name;
  }
  registry.Add(source.type, source, nullptr);
  GraphDef def = SmallGraph();
  def.nodes.front().type = "CountedSource";
  AddOption(def.nodes.front(), "max_steps", "5");
  EXPECT_THAT(
      Options(HostGraph(def, registry).nodes.front()),
      UnorderedElementsAre(Pair("window", "1"), Pair("epochs", "1000000"), Pair("max_steps", "0")));
}

TEST(HostGraph, CanPutADeviceBehindTheStage) {
  const GraphDef graph = HostGraph(SmallGraph(), SmallRegistry(), 16000);
  EXPECT_THAT(Names(graph.nodes),
              ElementsAre("the_Source", "the_Decode", "the_Stage", "paced_device"));
  EXPECT_EQ(graph.nodes.back().in.at(0).stream, "batches");
  EXPECT_EQ(std::stod(Options(graph.nodes.back()).at("images_per_s")), 16000);
}

TEST(HostGraph, NeedsAStage) {
  GraphDef def = SmallGraph();
  def.nodes.resize(2);
  EXPECT_THROW(HostGraph(def, SmallRegistry()), ConfigError);
}

TEST(OnOneWorker, LeavesOneToEveryNode) {
  const GraphDef graph = OnOneWorker(SmallGraph());
  EXPECT_EQ(graph.workers, 1);
  for (const NodeDef& node : graph.nodes) EXPECT_EQ(node.workers, 1);
}

}  // namespace
}  // namespace flowtrain
