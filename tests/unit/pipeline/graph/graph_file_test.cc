#include "pipeline/graph/graph_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "pipeline/graph/graph_def.h"
#include "pipeline/graph/load_graph.h"
#include "tests/support/declared_types.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Files of declared::kGraph and graphs that extend it, in a folder of the test's own.
class GraphFileTest : public ::testing::Test {
 protected:
  GraphFileTest() {
    Write("configs/c.yaml", declared::kConfig);
    Write("base.yaml", std::string("config: configs/c.yaml\n") + declared::kGraph);
  }

  void Write(const std::string& name, const std::string& text) { folder_.Write(name, text); }
  std::string Path(const std::string& name) const { return folder_ / name; }
  GraphDef Load(const std::string& name) const {
    const GraphFile file = ReadGraphFile(Path(name));
    return LoadGraph(file.graph, DefaultParameters(file), registry_);
  }
  std::vector<std::string> Findings(const std::string& name) const {
    return FindingsOf([&] { Load(name); });
  }

  const TempFolder folder_;
  const Registry registry_ = declared::AllTypes();
};

TEST_F(GraphFileTest, AGraphWithoutExtendsIsItself) {
  const GraphFile file = ReadGraphFile(Path("base.yaml"));
  EXPECT_THAT(file.parameters, IsEmpty());
  EXPECT_EQ(file.graph.ToString(), ReadYamlFile(Path("base.yaml")).ToString());
  EXPECT_EQ(Load("base.yaml").name, "small");
}

TEST_F(GraphFileTest, ParametersLieOverTheDefaults) {
  Write("own.yaml", std::string("config: configs/c.yaml\nparameters: {data.num_workers: 3}\n") +
                        declared::kGraph);
  EXPECT_EQ(Load("base.yaml").workers, 6);
  EXPECT_EQ(Load("own.yaml").workers, 3);
}

TEST_F(GraphFileTest, TakesTopologyAndFilesOfWhatItExtends) {
  Write("deep/derived.yaml", "extends: ../base.yaml\nparameters:\n  data:\n    num_workers: 3\n");
  const GraphDef graph = Load("deep/derived.yaml");
  EXPECT_EQ(graph.name, "small");
  EXPECT_EQ(graph.file, Path("deep/derived.yaml"));
  EXPECT_EQ(graph.workers, 3);
  EXPECT_EQ(graph.nodes.size(), Load("base.yaml").nodes.size());
}

TEST_F(GraphFileTest, AChainLaysTheNearerOverTheFarther) {
  Write("middle.yaml",
        "extends: base.yaml\ngraph: middle\n"
        "parameters: {data: {num_workers: 3, image_size: 64}}\n");
  Write("top.yaml", "extends: middle.yaml\ngraph: top\nparameters: {data: {num_workers: 2}}\n");
  const GraphFile file = ReadGraphFile(Path("top.yaml"));
  const Config config = DefaultParameters(file);
  EXPECT_EQ(config.Get<int>("data.num_workers"), 2);
  EXPECT_EQ(config.Get<int>("data.image_size"), 64);
  EXPECT_EQ(Load("top.yaml").name, "top");
}

TEST_F(GraphFileTest, ItsOwnConfigTakesThePlaceOfTheBases) {
  Write("other/d.yaml", declared::kConfig);
  Write("other/derived.yaml", "extends: ../base.yaml\nconfig: d.yaml\nsample_config: s.yaml\n");
  const GraphFile file = ReadGraphFile(Path("other/derived.yaml"));
  EXPECT_EQ(DefaultConfigPath(file.graph), Path("other/d.yaml"));
  EXPECT_EQ(SampleConfigPath(file.graph), Path("other/s.yaml"));
}

TEST_F(GraphFileTest, FindingsNameTheFileTheyStandIn) {
  Write("derived.yaml", "extends: base.yaml\nparameters:\n  data:\n    num_worker: 3\n");
  EXPECT_THAT(Findings("derived.yaml"),
              ElementsAre(AllOf(HasSubstr("derived.yaml:4:5: "), HasSubstr("'data.num_workers'"))));
  Write("derived.yaml", "extends: base.yaml\nparameters: [1]\n");
  EXPECT_THAT(Findings("derived.yaml"),
              ElementsAre(HasSubstr("derived.yaml:2:13: parameters must be a map")));
  Write("derived.yaml", "extends: base.yaml\nparameters: {data: {num_workers: many}}\n");
  EXPECT_THAT(Findings("derived.yaml"),
              ElementsAre(HasSubstr("derived.yaml:2:34: data.num_workers: 'many' is not an ")));
}

TEST_F(GraphFileTest, NodesLieOverThoseOfTheBaseKeyByKey) {
  Write("derived.yaml",
        "extends: base.yaml\npools: {batches: 7}\nnodes:\n"
        "  stage: {out: staged}\n"
        "  again: {type: Update, in: staged, out: batches}\n");
  const GraphFile base = ReadGraphFile(Path("base.yaml"));
  const GraphFile file = ReadGraphFile(Path("derived.yaml"));
  const Value& nodes = *file.graph.Find("nodes");
  EXPECT_EQ(nodes.entries.size(), base.graph.Find("nodes")->entries.size() + 1);
  EXPECT_EQ(nodes.Find("stage")->Find("out")->scalar, "staged");
  EXPECT_EQ(nodes.Find("stage")->Find("type")->scalar, "Stage");
  EXPECT_EQ(nodes.Find("again")->Find("out")->scalar, "batches");
  EXPECT_EQ(file.graph.Find("pools")->Find("batches")->scalar, "7");
  Write("derived.yaml", "extends: base.yaml\npool: {samples: 1}\n");
  EXPECT_THAT(Findings("derived.yaml"),
              ElementsAre(HasSubstr("derived.yaml:2:1: unknown key 'pool'")));
}

TEST_F(GraphFileTest, ABaseMayBeOneThatShips) {
  Write("shipped/graphs/base.yaml", declared::kGraph);
  Write("mine/derived.yaml", "extends: graphs/base.yaml\ngraph: mine\n");
  EXPECT_EQ(ReadGraphFile(Path("mine/derived.yaml"), Path("shipped")).graph.Find("graph")->scalar,
            "mine");
  EXPECT_THAT(Findings("mine/derived.yaml"), ElementsAre(HasSubstr("there is no graph file")));
}

TEST_F(GraphFileTest, PluginsAreThoseOfTheBaseAndItsOwn) {
  Write("lower.yaml", std::string("plugins: libone.so\n") + declared::kGraph);
  Write("upper.yaml", "extends: lower.yaml\nplugins: [a/libtwo.so, ~/libthree.so]\n");
  const GraphFile file = ReadGraphFile(Path("upper.yaml"));
  std::vector<std::string> paths;
  for (const PluginFile& plugin : file.plugins) paths.push_back(plugin.path);
  EXPECT_THAT(paths, ElementsAre("libone.so", "a/libtwo.so", "~/libthree.so"));
  EXPECT_EQ(file.plugins[2].at.file, Path("upper.yaml"));
  EXPECT_EQ(file.graph.Find("plugins"), nullptr);
  Write("upper.yaml", "extends: lower.yaml\nplugins: {a: b}\n");
  EXPECT_THAT(Findings("upper.yaml"), ElementsAre(HasSubstr("upper.yaml:2:10: plugins: ")));
}

TEST_F(GraphFileTest, RefusesABaseThatIsNotThere) {
  Write("derived.yaml", "extends: bass.yaml\n");
  EXPECT_THAT(Findings("derived.yaml"),
              ElementsAre(AllOf(HasSubstr("derived.yaml:1:10: there is no graph file "),
                                HasSubstr("bass.yaml (extends)"))));
  Write("derived.yaml", "extends: [base.yaml]\n");
  EXPECT_THAT(
      Findings("derived.yaml"),
      ElementsAre(HasSubstr("derived.yaml:1:10: extends: '[base.yaml]' is not a file name")));
  Write("derived.yaml", "extends: ${base}\n");
  EXPECT_THAT(Findings("derived.yaml"),
              ElementsAre(HasSubstr("extends: '${base}' is not a file name")));
}

TEST_F(GraphFileTest, RefusesFilesThatExtendEachOther) {
  Write("a.yaml", "extends: b.yaml\n");
  Write("b.yaml", "extends: ./a.yaml\n");
  EXPECT_THAT(Findings("a.yaml"),
              ElementsAre(AllOf(HasSubstr("b.yaml:1:10: "), HasSubstr("a.yaml extends itself"))));
  Write("self.yaml", "extends: self.yaml\n");
  EXPECT_THAT(Findings("self.yaml"), ElementsAre(HasSubstr("self.yaml extends itself")));
}

TEST(GraphPaths, AreBesideTheGraph) {
  const Value graph = ReadYaml("config: ../configs/a.yaml\nsample_config: /b.yaml\n", "x/graphs/g");
  EXPECT_EQ(DefaultConfigPath(graph), "x/configs/a.yaml");
  EXPECT_EQ(SampleConfigPath(graph), "/b.yaml");
  EXPECT_EQ(DefaultConfigPath(ReadYaml("nodes: {}\n", "g")), "");
  EXPECT_THAT(FindingsOf([] { DefaultConfigPath(ReadYaml("config: [a]\n", "g")); }),
              ElementsAre("g:1:9: config: '[a]' is not a file name"));
}

// Every reference of a graph that ships has its parameter; whether its types exist the program
// knows, not the engine.
TEST(GraphsThatShip, FindTheirParameters) {
  for (const auto& file : std::filesystem::directory_iterator(SourceFolder() / "graphs")) {
    if (file.path().extension() != ".yaml") continue;
    const GraphFile graph = ReadGraphFile(file.path().string());
    const Config config = DefaultParameters(graph);
    for (const std::string& finding :
         FindingsOf([&] { LoadGraph(graph.graph, config, Registry()); })) {
      EXPECT_THAT(finding, AllOf(HasSubstr("unknown"), HasSubstr(" type '")));
    }
  }
}

}  // namespace
}  // namespace flowtrain
