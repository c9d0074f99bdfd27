#include "pipeline/graph/graph_def.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/config/config.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/runtime/component_set.h"
#include "tests/support/declared_types.h"
#include "tests/support/errors.h"

namespace flowtrain {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class GraphDefTest : public ::testing::Test {
 protected:
  // The graph's text with `from` replaced, for one test each.
  void Replace(const std::string& from, const std::string& to) {
    const size_t at = graph_.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    graph_.replace(at, from.size(), to);
  }
  GraphDef Load() { return LoadGraph(ReadYaml(graph_, "g.yaml"), config_, registry_); }
  std::vector<std::string> Findings() {
    return FindingsOf([&] { Load(); });
  }

  std::string graph_ = declared::kGraph;
  Config config_{ReadYaml(declared::kConfig, "c.yaml")};
  const Registry registry_ = declared::AllTypes();
};

template <typename Def>
std::vector<std::string> Names(const std::vector<Def>& defs) {
  std::vector<std::string> names;
  for (const Def& def : defs) names.push_back(def.name);
  return names;
}

TEST_F(GraphDefTest, LoadsAGraph) {
  const GraphDef graph = Load();
  EXPECT_EQ(graph.name, "small");
  EXPECT_EQ(graph.file, "g.yaml");
  EXPECT_EQ(graph.workers, 6);
  EXPECT_EQ(graph.sample_slots, 0);
  EXPECT_EQ(graph.batch_slots, 3);
  EXPECT_THAT(Names(graph.nodes),
              ElementsAre("source", "augment", "stage", "forward", "update", "report"));
  EXPECT_THAT(Names(graph.resources), ElementsAre("net", "gpu", "model", "optimizer", "dataset"));
  EXPECT_EQ(graph.nodes[1].workers, 6);
  EXPECT_EQ(graph.nodes[2].workers, 1);
  EXPECT_EQ(graph.nodes[1].in.at(0).stream, "ids");
  EXPECT_EQ(graph.nodes[1].out.at(0).stream, "rows");
}

TEST_F(GraphDefTest, FillsInUses) {
  const GraphDef graph = Load();
  ASSERT_THAT(graph.nodes[0].uses, SizeIs(1));
  EXPECT_EQ(graph.nodes[0].uses[0].resource, "dataset");
  EXPECT_EQ(graph.nodes[3].uses.at(0).resource, "net");
  EXPECT_EQ(graph.resources[2].uses.at(0).resource, "gpu");
  EXPECT_THAT(graph.resources[0].uses, IsEmpty()) << "MayUse stays absent without that resource";
}

TEST_F(GraphDefTest, MakesComponentsWithTheirOptions) {
  config_.Set("data.splits=test");
  const GraphDef graph = Load();
  const auto images = MakeComponent(graph.resources[4], registry_);
  const auto& made = dynamic_cast<declared::Images&>(*images);
  EXPECT_EQ(made.root, "images");
  EXPECT_THAT(made.splits, ElementsAre("test"));
  const auto augment = MakeComponent(graph.nodes[1], registry_);
  EXPECT_EQ(dynamic_cast<declared::Augment&>(*augment).size, 96);
  EXPECT_THAT(dynamic_cast<declared::Augment&>(*augment).scale, ElementsAre(0.2, 1.0));
}

TEST_F(GraphDefTest, MakeComponentRefusesWhatDoesNotFit) {
  ComponentDef def = Load().nodes[1];
  def.options[0].value = ReadYaml("large", "x.yaml");
  EXPECT_THAT(FindingsOf([&] { MakeComponent(def, registry_); }),
              ElementsAre("x.yaml:1:1: augment.size: 'large' is not an integer >= 1"));
  def.type = "None";
  EXPECT_THAT(FindingsOf([&] { MakeComponent(def, registry_); }),
              ElementsAre(HasSubstr("unknown type 'None'")));
}

TEST_F(GraphDefTest, NamesKeyAndPlaceOfAWrongParameter) {
  config_.Overlay(ReadYaml("data:\n  image_size: six\n", "my.yaml"));
  config_.Set("data.batch_size=0");
  EXPECT_THAT(Findings(),
              ElementsAre("--set: data.batch_size: must be at least 1, not 0",
                          "my.yaml:2:15: data.image_size: 'six' is not an integer >= 1"));
}

TEST_F(GraphDefTest, TellsOnceOfAWrongParameterThatSeveralNodesTake) {
  config_.Set("data.num_workers=none");
  EXPECT_THAT(Findings(),
              ElementsAre("--set: data.num_workers: 'none' is not an integer >= 1 or auto"));
}

TEST_F(GraphDefTest, NamesOnePlaceOfAWrongValueInTheGraph) {
  Replace("width: 32", "width: \"32\"");
  EXPECT_THAT(Findings(), ElementsAre("g.yaml:6:39: net.width: '\"32\"' is not an integer >= 1"));
}

TEST_F(GraphDefTest, PutsParametersIntoText) {
  Replace("root: ${data.root}", "root: /sets/${data.root}/${data.image_size}px");
  const auto images = MakeComponent(Load().resources[4], registry_);
  EXPECT_EQ(dynamic_cast<declared::Images&>(*images).root, "/sets/images/96px");
}

TEST_F(GraphDefTest, AQuotedReferenceIsText) {
  Replace("size: ${data.image_size}", "size: \"${data.image_size}\"");
  EXPECT_THAT(Findings(), ElementsAre(HasSubstr("augment.size: '\"96\"' is not an integer >= 1")));
}

TEST_F(GraphDefTest, RefusesReferencesThatLeadNowhere) {
  Replace("size: ${data.image_size}", "size: ${data.imagesize}");
  Replace("root: ${data.root}", "root: x${data.splits}");
  Replace("splits: ${data.splits}", "splits: ${data}");
  Replace("batch_size: ${data.batch_size}", "batch_size: \"${data batch}\"");
  EXPECT_THAT(Findings(),
              ElementsAre("g.yaml:12:13: parameter 'data.splits' is a list and cannot stand inside "
                          "text",
                          "g.yaml:13:15: 'data' is a group of parameters, not a value",
                          "g.yaml:23:13: parameter 'data.imagesize' is not in the configuration; "
                          "did you mean 'data.image_size'?",
                          "g.yaml:24:70: '${data batch}' is not a reference: write ${group.key}"));
}

TEST_F(GraphDefTest, AMissingParameterHasNoFollowUps) {
  Replace("type: Augment", "type: ${a}");
  Replace("in: batches", "in: ${b}");
  Replace("workers: ${data.num_workers}\nresources", "workers: ${c}\nresources");
  Replace("uses: {device: gpu}", "uses: ${d}");
  Replace("{type: Report, in: steps}", "${e}");
  EXPECT_THAT(Findings(), AllOf(SizeIs(5), ::testing::Each(HasSubstr("is not in the configur"))));
}

TEST_F(GraphDefTest, TellsOfUnknownParametersOfTheConfigurationToo) {
  Replace("in: windows", "in: windowz");
  config_.Set("data.num_wrokers=3");
  EXPECT_THAT(Findings(),
              ElementsAre("--set: unknown parameter 'data.num_wrokers'; did you mean "
                          "'data.num_workers'? (data has root, splits, num_workers, image_size, "
                          "batch_size)",
                          "g.yaml:25:46: no node takes the stream 'windows', which 'forward' "
                          "makes; did you mean 'windowz'?",
                          "g.yaml:26:30: no node makes the stream 'windowz', which 'update' takes; "
                          "did you mean 'windows'?"));
}

TEST_F(GraphDefTest, RefusesUnknownKeys) {
  Replace("graph: small", "grahp: small");
  Replace("samples: 0", "sample: 0");
  Replace("gpu: {type: Device}", "gpu: {type: Device, in: x}");
  Replace("in: batches", "input: batches, in: batches");
  EXPECT_THAT(Findings(),
              ElementsAre("g.yaml:1:1: unknown key 'grahp' of a graph; did you mean 'graph'?",
                          "g.yaml:2:9: unknown key 'sample' of pools; did you mean 'samples'?",
                          "g.yaml:8:23: unknown key 'in' of resource 'gpu'; known are type, uses, "
                          "options",
                          "g.yaml:25:28: unknown key 'input' of node 'forward'; known are type, "
                          "in, out, workers, uses, options"));
}

TEST_F(GraphDefTest, RefusesUnknownTypesOptionsAndUses) {
  Replace("type: Augment", "type: Augmnt");
  Replace("gpu: {type: Device}", "gpu: {type: Divice}");
  Replace("width: 32", "widht: 32");
  Replace("uses: {model: net}", "uses: {modle: net}");
  Replace("{learning_rate: ${train.learning_rate}}", "{momentum: 0.9}");
  EXPECT_THAT(
      Findings(),
      ElementsAre("g.yaml:5:42: unknown option 'momentum' of 'optimizer' (Optimizer); known are "
                  "learning_rate",
                  "g.yaml:6:32: unknown option 'widht' of 'net' (Model); did you mean 'width'?",
                  "g.yaml:8:3: unknown resource type 'Divice' of 'gpu'; did you mean 'Device'?",
                  "g.yaml:17:3: unknown node type 'Augmnt' of 'augment'; did you mean 'Augment'?",
                  "g.yaml:25:69: 'forward' (Forward) uses no resource 'modle'; did you mean "
                  "'model'?"));
}

TEST_F(GraphDefTest, RefusesResourcesThatDoNotFit) {
  Replace("uses: {model: net}", "uses: {model: gpu}");
  Replace("uses: {device: gpu}", "uses: {device: gpuu}");
  Replace("  dataset:", "  images:");
  EXPECT_THAT(Findings(),
              ElementsAre("g.yaml:7:39: unknown resource 'gpuu'; did you mean 'gpu'? "
                          "(model.uses.device)",
                          "g.yaml:16:3: 'source' (Source) uses the resource 'dataset' (Images), "
                          "which the graph does not have; to take 'images', write uses: {dataset: "
                          "images}",
                          "g.yaml:25:69: resource 'gpu' is of type Device, but 'forward' (Forward) "
                          "uses Model as 'model'"));
}

TEST_F(GraphDefTest, RefusesANodeAsResourceAndTheOtherWayRound) {
  Replace("gpu: {type: Device}", "gpu: {type: Report}");
  Replace("report: {type: Report, in: steps}", "report: {type: Device, in: steps}");
  Replace("net: {", "source: {");
  Replace("model: net", "model: source");
  EXPECT_THAT(Findings(),
              ElementsAre("g.yaml:7:39: resource 'gpu' is of type Report, but 'model' (Model) uses "
                          "Device as 'device'",
                          "g.yaml:8:3: 'gpu' (Report) is a node, not a resource",
                          "g.yaml:15:3: 'report' (Device) is a resource, not a node",
                          "g.yaml:16:3: 'source' is also the name of a resource (line 6)"));
}

TEST_F(GraphDefTest, RefusesResourcesThatUseEachOther) {
  Replace("gpu: {type: Device}",
          "gpu: {type: Device}\n  egg: {type: Egg}\n"
          "  chicken: {type: Chicken}");
  EXPECT_THAT(Findings(), ElementsAre("g.yaml:9:3: resources form a cycle: egg -> chicken -> egg"));
}

TEST_F(GraphDefTest, RefusesAMissingRequiredOption) {
  Replace("options: {batch_size: ${data.batch_size}}", "options:");
  Replace("      root: ${data.root}\n", "");
  EXPECT_THAT(
      Findings(),
      ElementsAre("g.yaml:9:3: 'dataset' (Images) needs the option 'root' (text): Folder of "
                  "the images.",
                  "g.yaml:23:3: 'stage' (Stage) needs the option 'batch_size' (an integer): "
                  "Images per batch."));
}

TEST_F(GraphDefTest, RefusesWorkersOnTheLaneAndForSteps) {
  Replace("in: rows,", "in: rows, workers: 2,");
  Replace("in: batches,", "in: batches, workers: ${data.num_workers},");
  Replace("in: windows,", "in: windows, workers: 1,");
  Replace("in: steps", "in: steps, workers: 2");
  EXPECT_THAT(Findings(),
              ElementsAre("c.yaml:4:16: data.num_workers: 'forward' (Forward) runs on the device "
                          "lane: its workers must be 1, not 6",
                          "g.yaml:15:46: report.workers: 'report' (Report) takes steps in order: "
                          "its workers must be 1, not 2",
                          "g.yaml:24:43: stage.workers: 'stage' (Stage) runs on the device lane: "
                          "its workers must be 1, not 2"));
}

TEST_F(GraphDefTest, RefusesNumbersOutOfBounds) {
  Replace("samples: 0, batches: 3", "samples: -1, batches: 0");
  config_.Set("data.num_workers=0");
  EXPECT_THAT(Findings(),
              ElementsAre("--set: data.num_workers: must be between 1 and 65536, not 0",
                          "g.yaml:2:18: pools.samples: must be between 0 and 65536, not -1",
                          "g.yaml:2:31: pools.batches: must be between 1 and 65536, not 0"));
}

TEST_F(GraphDefTest, WorkersOfTheArenaAreTheMostOfANodeWhereNotGiven) {
  Replace("workers: ${data.num_workers}\nresources", "resources");
  EXPECT_EQ(Load().workers, 6);
}

TEST_F(GraphDefTest, RefusesStreamsMadeOrTakenTwice) {
  Replace("out: windows", "out: rows");
  Replace("in: steps", "in: rows");
  EXPECT_THAT(
      Findings(),
      ElementsAre(HasSubstr("g.yaml:24:28: the stream 'rows' is taken by 'report' (line 15) and "
                            "again by 'stage'"),
                  HasSubstr("g.yaml:25:46: the stream 'rows' is made by 'augment' (line 20) and "
                            "again by 'forward'"),
                  HasSubstr("g.yaml:26:30: no node makes the stream 'windows'"),
                  HasSubstr("g.yaml:26:44: no node takes the stream 'steps'")));
}

TEST_F(GraphDefTest, RefusesStreamsOfAnotherKind) {
  Replace("in: batches, out: windows", "in: windows, out: batches");
  Replace("in: rows, out: batches", "in: rows, out: windows");
  Replace("update: {type: Update, in: windows", "update: {type: Update, in: batches");
  EXPECT_THAT(Findings(), IsEmpty()) << "names of streams have no meaning";
  graph_ = declared::kGraph;
  Replace("in: ids", "in: batches");
  Replace("in: rows", "in: ids");
  Replace("in: batches, out: windows", "in: rows, out: windows");
  EXPECT_THAT(
      Findings(),
      ElementsAre("g.yaml:19:9: the stream 'batches' carries batch packets (made by 'stage' "
                  "(Stage)), but 'augment' (Augment) takes sample packets",
                  "g.yaml:25:32: the stream 'rows' carries sample packets (made by "
                  "'augment' (Augment)), but 'forward' (Forward) takes batch packets"));
}

TEST_F(GraphDefTest, RefusesAWrongNumberOfStreams) {
  Replace("in: ids", "in: [ids, more]");
  Replace("in: rows, ", "");
  Replace("in: steps", "in: steps, out: done");
  Replace("source: {type: Source, out: ids", "source: {type: Source, out: {a: b}");
  EXPECT_THAT(
      Findings(),
      ElementsAre(
          "g.yaml:15:42: 'report' (Report) makes no stream, but its `out` names 1",
          "g.yaml:15:42: no node takes the stream 'done', which 'report' makes",
          "g.yaml:16:31: source.out: '{a: b}' is not the name of a stream, nor a list of names",
          "g.yaml:19:10: 'augment' (Augment) takes 1 stream (images: sample), but its `in` "
          "names 2",
          "g.yaml:20:11: no node takes the stream 'rows', which 'augment' makes",
          "g.yaml:24:3: 'stage' (Stage) takes 1 stream (rows: sample), but its `in` names "
          "0"));
}

TEST_F(GraphDefTest, TheLastStepNodeMayLeaveItsOutputOut) {
  Replace("  report: {type: Report, in: steps}\n", "");
  Replace("in: windows, out: steps", "in: windows");
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(GraphDefTest, RefusesACycle) {
  Replace("in: ids", "in: again");
  Replace("nodes:", "nodes:\n  back: {type: Augment, in: rows, out: again}");
  Replace("type: Stage, in: rows", "type: Stage, in: ids");
  EXPECT_THAT(Findings(), ElementsAre("g.yaml:15:3: nodes form a cycle: back -> augment -> "
                                      "back"));
}

TEST_F(GraphDefTest, RefusesNoSourceAndTwo) {
  Replace("  source: {type: Source, out: ids, workers: ${data.num_workers}}\n", "");
  EXPECT_THAT(Findings(), ElementsAre("g.yaml:14:1: the graph has no source node",
                                      HasSubstr("no node makes the stream 'ids'")));
  graph_ = declared::kGraph;
  Replace("nodes:", "nodes:\n  other: {type: Source, out: more}");
  EXPECT_THAT(Findings(),
              ElementsAre(HasSubstr("g.yaml:15:30: no node takes the stream 'more'"),
                          "g.yaml:17:3: 'source' (Source) is a second source, after 'other' (line "
                          "15): a graph has exactly one"));
}

TEST_F(GraphDefTest, RefusesWhatIsNoGraph) {
  graph_ = "[1, 2]\n";
  EXPECT_THAT(Findings(), ElementsAre("g.yaml:1:1: a graph must be a map with nodes, not a list"));
  graph_ = "graph: x\nnodes:\n";
  EXPECT_THAT(Findings(), ElementsAre("g.yaml:2:1: the graph has no nodes"));
  graph_ = "nodes: {a: 5, b: {in: x}, c: }\nresources: [a]\npools: 3\n";
  EXPECT_THAT(Findings(), ElementsAre("g.yaml:1:9: node 'a' must be a map with a type, not '5'",
                                      "g.yaml:1:15: node 'b' has no type",
                                      HasSubstr("no node makes the stream 'x'"),
                                      "g.yaml:1:27: node 'c' must be a map with a type, not 'null'",
                                      "g.yaml:2:12: resources must be a map, not '[a]'",
                                      "g.yaml:3:8: pools must be a map, not '3'"));
}

}  // namespace
}  // namespace flowtrain
