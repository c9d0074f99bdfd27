#include "tools/bench_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "pipeline/error.h"
#include "tests/unit/tools/small_graph.h"

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

}  // namespace
}  // namespace flowtrain
