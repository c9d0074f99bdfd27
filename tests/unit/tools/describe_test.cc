#include "tools/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/tools/small_graph.h"

namespace flowtrain {
namespace {

using testing::HasSubstr;

TEST(GraphAsText, ShowsStreamsThreadsAndOptions) {
  EXPECT_EQ(GraphAsText(SmallGraph(), SmallRegistry()),
            "graph small: 3 worker threads, 2 batch buffers, automatic sample slots\n"
            "\n"
            "resources\n"
            "  device (Model)\n"
            "  data (Data)\n"
            "  model (Model)\n"
            "      uses device\n"
            "  folder (Folder)\n"
            "\n"
            "nodes, in the order of the flow\n"
            "  the_Source (Source, 3 workers) --> ids\n"
            "      uses data\n"
            "      window: 4\n"
            "      epochs: 10\n"
            "  ids --> the_Decode (Decode, 1 worker) --> rows\n"
            "  rows --> the_Stage (Stage, device lane) --> batches\n"
            "  batches --> the_Train (Train, device lane) --> windows\n"
            "      uses model\n"
            "  windows --> the_Optimise (Optimise, device lane) --> steps\n"
            "      uses model\n"
            "  steps --> the_Report (Report, one at a time)\n"
            "      uses folder\n");
}

TEST(GraphAsDot, HasAnEdgeAStream) {
  const std::string dot = GraphAsDot(SmallGraph(), SmallRegistry());
  EXPECT_THAT(dot, HasSubstr("\"the_Source\" -> \"the_Decode\" [label=\"ids\"];\n"));
  EXPECT_THAT(dot, HasSubstr("\"the_Optimise\" -> \"the_Report\" [label=\"steps\"];\n"));
  EXPECT_THAT(dot, HasSubstr("\"model\" -> \"the_Train\" [style=dotted];\n"));
}

TEST(TypesAsText, HasALineAType) {
  Registry registry;
  AddType(registry, "Decode", NodeSpec::Kind::kSample);
  AddType(registry, "Folder2", NodeSpec::Kind::kResource);
  EXPECT_EQ(TypesAsText(registry),
            "Decode   sample node  A Decode.\n"
            "Folder2  resource     A Folder2.\n");
}

class Shown final : public StepNode {
 public:
  static void Declare(NodeSpec& spec) {
    spec.Doc("Shows.")
        .Input("steps", Stream::kStep)
        .OnLane()
        .Uses("model", "Model")
        .MayUse("folder", "RunDir")
        .Option(&Shown::every_, "every", 3, "Steps between two.", AtLeast{1})
        .Required(&Shown::name_, "name", "Its name.");
  }
  void Process(Step&) override {}

 private:
  int every_ = 0;
  std::string name_;
};

TEST(TypeAsText, ShowsTheWholeDeclaration) {
  NodeSpec spec;
  spec.type = "Shown";
  spec.kind = NodeSpec::Kind::kStep;
  Shown::Declare(spec);
  EXPECT_EQ(TypeAsText(spec),
            "Shown (step node, on the device lane)\n"
            "  Shows.\n"
            "  in   steps (step)\n"
            "  uses model (Model)\n"
            "  uses folder (RunDir, where there is one)\n"
            "  options\n"
            "    every: an integer, >= 1; 3 by default\n"
            "        Steps between two.\n"
            "    name: text; must be given\n"
            "        Its name.\n");
}

}  // namespace
}  // namespace flowtrain
