#include "pipeline/runtime/component_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "pipeline/config/config.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/run_control.h"
#include "tests/support/declared_types.h"

namespace flowtrain {
namespace {

// Notes what its context calls options, its own and those of others.
struct Asker final : SampleNode {
  static void Declare(NodeSpec& spec) {
    spec.Doc("Asks.")
        .Input("images", Stream::kSample)
        .Output("rows", Stream::kSample)
        .Uses("set", "Images")
        .Option(&Asker::given, "given", 1, "Stands in the graph.")
        .Option(&Asker::left, "left", 1, "Does not.")
        .Option(&Asker::size, "image_size", 1, "A parameter.")
        .Option(&Asker::side, "side", 1, "A parameter of the command line.");
  }
  void Open(const OpenContext& context) override {
    for (const char* option : {"given", "left", "image_size", "side"}) {
      names[option] = context.NameOf(option);
    }
    names["root"] = context.NameOf("set", "root");
    names["splits"] = context.NameOf("set", "splits");
    names["batch_size"] = context.NameInStage("batch_size");
    before = context.TryBefore<Node>();
    source_before = context.TryBefore<SourceNode>();
    asker_before = context.TryBefore<Asker>();
  }
  Outcome Process(Sample&, Worker&) override { return Ok(); }
  int given = 0, left = 0, size = 0, side = 0;
  std::map<std::string, std::string> names;
  Node* before = nullptr;
  SourceNode* source_before = nullptr;
  Asker* asker_before = nullptr;
};

constexpr char kAskingGraph[] = R"(resources:
  photos: {type: Images, options: ${data}}
  model: {type: Model}
nodes:
  source: {type: Source, out: ids, uses: {dataset: photos}}
  asker:
    type: Asker
    in: ids
    out: rows
    uses: {set: photos}
    options: [${data}, {given: 5, side: ${side}}]
  collate: {type: Stage, in: rows, out: batches, options: {batch_size: 8}}
  forward: {type: Forward, in: batches, out: windows}
  report: {type: Report, in: windows}
)";

TEST(ComponentSet, NamesOptionsByTheirParameters) {
  Registry registry = declared::AllTypes();
  declared::Add<Asker>(registry, "Asker");
  Config config(ReadYaml("data:\n  root: here\n  image_size: 7\nside: 1\n", "c.yaml"));
  config.Set("side=3");
  const GraphDef def = LoadGraph(ReadYaml(kAskingGraph, "g.yaml"), config, registry);
  RunControl run;
  internal::ComponentSet set(def, registry, run);
  set.Open({}, [] { return uint64_t{0}; });
  auto names = dynamic_cast<Asker&>(*set.Find("asker")).names;
  EXPECT_EQ(names["given"], "given of 'asker' (g.yaml:11)");
  EXPECT_EQ(names["left"], "left of 'asker'");
  EXPECT_EQ(names["image_size"], "data.image_size (c.yaml:3)");
  EXPECT_EQ(names["side"], "side (--set)");
  EXPECT_EQ(names["root"], "data.root (c.yaml:2)");
  EXPECT_EQ(names["splits"], "splits of 'photos'");
  EXPECT_EQ(names["batch_size"], "batch_size of 'collate' (g.yaml:12)");
}

TEST(ComponentSet, ANodeFindsTheOneBeforeIt) {
  Registry registry = declared::AllTypes();
  declared::Add<Asker>(registry, "Asker");
  const GraphDef def = LoadGraph(ReadYaml(R"(
resources: {photos: {type: Images, options: {root: here}}, model: {type: Model}}
nodes:
  second: {type: Asker, in: asked, out: rows, uses: {set: photos}}
  first: {type: Asker, in: ids, out: asked, uses: {set: photos}}
  source: {type: Source, out: ids, uses: {dataset: photos}}
  collate: {type: Stage, in: rows, out: batches, options: {batch_size: 8}}
  forward: {type: Forward, in: batches, out: windows}
  report: {type: Report, in: windows}
)",
                                          "g.yaml"),
                                 {}, registry);
  RunControl run;
  internal::ComponentSet set(def, registry, run);
  set.Open({}, [] { return uint64_t{0}; });
  const auto& first = dynamic_cast<Asker&>(*set.Find("first"));
  const auto& second = dynamic_cast<Asker&>(*set.Find("second"));
  EXPECT_EQ(first.before, set.Find("source"));
  EXPECT_EQ(first.source_before, set.Find("source"));
  EXPECT_EQ(first.asker_before, nullptr);
  EXPECT_EQ(second.before, &first);
  EXPECT_EQ(second.asker_before, &first);
  EXPECT_EQ(second.source_before, nullptr);
}

}  // namespace
}  // namespace flowtrain
