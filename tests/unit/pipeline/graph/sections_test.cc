// Whole sections of parameters as options: what is taken, what is passed over, and what is refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/config/config.h"
#include "pipeline/graph/inspect.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/runtime/component_set.h"
#include "tests/support/declared_types.h"
#include "tests/support/errors.h"

namespace flowtrain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

enum class Colour : uint8_t { kRed, kGreen };

struct RecipeOptions {
  double flip = 0.5, blur = 0.25;
  Colour colour = Colour::kRed;

  static void Declare(OptionsOf<RecipeOptions>& options) {
    options.Option(&RecipeOptions::flip, "flip", "Flip.", Between{0, 1})
        .Option(&RecipeOptions::blur, "blur", "Blur.", Between{0, 1})
        .Option(&RecipeOptions::colour, "colour", "Colour.",
                Choices<Colour>{{{"red", Colour::kRed}, {"green", Colour::kGreen}}});
  }
};

struct Recipe final : Resource {
  static void Declare(NodeSpec& spec) {
    spec.Doc("How views are made.")
        .Option(&Recipe::size, "size", 96, "Side.", AtLeast{1})
        .Options(&Recipe::options)
        .Retired("length", "the source has it");
  }
  int size = 0;
  RecipeOptions options;
};

constexpr char kParameters[] = R"(data: {root: images, image_size: 32, batch_size: 8}
augment:
  flip: 0.75
  blur: 0.1
train: {colour: green}
)";

class SectionsTest : public ::testing::Test {
 protected:
  SectionsTest() { declared::Add<Recipe>(registry_, "Recipe"); }

  // A graph whose recipe has these options, on line 4.
  std::string Text(const std::string& options) const {
    return "resources:\n  dataset: {type: Images, options: {root: ${data.root}}}\n"
           "  views: {type: Recipe, options:\n    " +
           options +
           "}\nnodes:\n  source: {type: Source, out: ids}\n"
           "  augment: {type: Augment, in: ids, out: rows, options: {size: ${data.image_size}}}\n"
           "  stage: {type: Stage, in: rows, out: batches, options: ${data}}\n"
           "  forward: {type: Forward, in: batches, out: windows, uses: {model: net}}\n"
           "  update: {type: Report, in: windows}\n";
  }
  GraphDef Load(const std::string& options) {
    std::string text = Text(options);
    text.insert(text.find("  views:"), "  net: {type: Model}\n");
    return LoadGraph(ReadYaml(text, "g.yaml"), config_, registry_);
  }
  std::vector<std::string> Findings(const std::string& options) {
    return FindingsOf([&] { Load(options); });
  }
  static const ComponentDef& Views(const GraphDef& graph) {
    for (const ComponentDef& resource : graph.resources) {
      if (resource.name == "views") return resource;
    }
    throw std::logic_error("no views");
  }
  // "flip=0.75 blur=0.1"
  std::string Given(const std::string& options) {
    const GraphDef graph = Load(options);
    std::string text;
    for (const Entry& entry : Views(graph).options) {
      text += (text.empty() ? "" : " ") + entry.key + '=' + entry.value.ToString();
    }
    return text;
  }

  Registry registry_ = declared::AllTypes();
  Config config_{ReadYaml(kParameters, "c.yaml")};
};

TEST_F(SectionsTest, AreHandedOnWhole) {
  EXPECT_EQ(Given("${augment}"), "flip=0.75 blur=0.1");
  const GraphDef graph = Load("[${augment}, ${train}]");
  const auto made = MakeComponent(Views(graph), registry_);
  const auto& recipe = dynamic_cast<const Recipe&>(*made);
  EXPECT_EQ(recipe.size, 96) << "its default";
  EXPECT_EQ(recipe.options.flip, 0.75);
  EXPECT_EQ(recipe.options.colour, Colour::kGreen);
}

TEST_F(SectionsTest, LaterItemsOfAListLieOverEarlierOnes) {
  EXPECT_EQ(Given("[${augment}, {size: 7, flip: 0.5}]"), "size=7 flip=0.5 blur=0.1");
  EXPECT_EQ(Given("[{size: 7, flip: 0.5}, ${augment}]"), "size=7 flip=0.75 blur=0.1");
  EXPECT_EQ(Given("[{size: 1}, {size: 2}, {size: 3}]"), "size=3");
  EXPECT_EQ(Given("[{flip: ${augment.blur}}, ]"), "flip=0.1");
}

TEST_F(SectionsTest, ServeSeveralComponents) {
  config_.Set("train.learning_rate=0.1");
  EXPECT_THAT(Findings("[${augment}, ${train}]"),
              ElementsAre("--set: unknown parameter 'train.learning_rate' "
                          "(train has size, flip, blur, colour)"))
      << "nobody takes it";
  std::string text = Text("[${augment}, ${train}]");
  text.insert(text.find("  views:"),
              "  model: {type: Model}\n  net: {type: Model}\n"
              "  optimizer: {type: Optimizer, options: ${train}}\n");
  EXPECT_THAT(FindingsOf([&] { LoadGraph(ReadYaml(text, "g.yaml"), config_, registry_); }),
              IsEmpty());
}

TEST_F(SectionsTest, AKeyThatNobodyTakesIsRefused) {
  config_.Set("augment.flp=0.1");
  EXPECT_THAT(Findings("${augment}"),
              ElementsAre("--set: unknown parameter 'augment.flp'; did you mean 'augment.flip'? "
                          "(augment has size, flip, blur, colour)"));
}

TEST_F(SectionsTest, OneOfTheDefaultFileToo) {
  config_ =
      Config(ReadYaml("data: {root: x, image_size: 8, batch_size: 8}\n"
                      "augment: {flip: 0.1, blurr: 1}\n",
                      "c.yaml"));
  EXPECT_THAT(Findings("${augment}"), ElementsAre("c.yaml:2:22: unknown parameter "
                                                  "'augment.blurr'; did you mean 'augment.blur'? "
                                                  "(augment has size, flip, blur, colour)"));
  EXPECT_THAT(Findings("{flip: ${augment.flip}}"), IsEmpty())
      << "a file may serve several graphs: of a section that is not handed on it knows all keys";
}

TEST_F(SectionsTest, AKeyThatTheGraphLaysOverIsRefused) {
  EXPECT_EQ(Given("[${augment}, {flip: 1}]"), "flip=1 blur=0.1") << "the default file has it";
  config_.Set("augment.size=5");
  EXPECT_THAT(Findings("[${augment}, {size: 7}]"),
              ElementsAre(HasSubstr("--set: unknown parameter 'augment.size'")));
  EXPECT_EQ(Given("[{size: 7}, ${augment}]"), "size=5 flip=0.75 blur=0.1");
}

TEST_F(SectionsTest, AnOptionTheConfigurationDoesNotListMayBeSet) {
  config_.Set("augment.colour=green");
  EXPECT_EQ(Given("${augment}"), "flip=0.75 blur=0.1 colour=green");
}

TEST_F(SectionsTest, AKeyThatIsReferredToIsNotLost) {
  config_.Set("augment.side=5");
  EXPECT_EQ(Given("[${augment}, {size: ${augment.side}}]"), "size=5 flip=0.75 blur=0.1");
}

TEST_F(SectionsTest, AWrongValueNamesItsKeyAndPlace) {
  config_.Overlay(ReadYaml("augment:\n  flip: often\n", "my.yaml"));
  config_.Set("train.colour=grean");
  EXPECT_THAT(
      Findings("[${augment}, ${train}]"),
      ElementsAre("--set: train.colour: 'grean' is not one of red, green; did you mean 'green'?",
                  "my.yaml:2:9: augment.flip: 'often' is not a number, 0 to 1"));
}

TEST_F(SectionsTest, AnUnknownOptionOfTheGraphItselfIsRefused) {
  EXPECT_THAT(Findings("[${augment}, {flap: 1}]"),
              ElementsAre(HasSubstr("g.yaml:5:19: unknown option 'flap' of 'views' (Recipe)")));
}

TEST_F(SectionsTest, MayBeEmptyAndHaveGroups) {
  config_ =
      Config(ReadYaml("data: {root: x, image_size: 8, batch_size: 8}\n"
                      "none:\naugment: {blur: 0.1, deep: {flip: 1}}\n",
                      "c.yaml"));
  EXPECT_EQ(Given("[${none}, ${augment}, {flip: ${augment.deep.flip}}]"), "flip=1 blur=0.1");
  EXPECT_THAT(Findings("${augment}"),
              ElementsAre(HasSubstr("c.yaml:3:22: unknown parameter 'augment.deep'")));
}

TEST_F(SectionsTest, WhatIsNoSectionIsRefused) {
  EXPECT_THAT(Findings("${augmnt}"),
              ElementsAre("g.yaml:5:5: parameter 'augmnt' is not in the configuration; did you "
                          "mean 'augment'?"));
  EXPECT_THAT(Findings("${augment.flip}"),
              ElementsAre("g.yaml:4:25: views.options must be a map, not '0.75'"));
  EXPECT_THAT(Findings("[5, ${augment}, [${augment}]]"),
              ElementsAre("g.yaml:5:6: views.options must be a map, or a list of maps, not '5'",
                          "g.yaml:5:21: views.options must be a map, or a list of maps, not "
                          "'[{flip: 0.75, blur: 0.1}]'"));
  EXPECT_THAT(Findings("{flip: ${augment}}"),
              ElementsAre("g.yaml:5:12: 'augment' is a group of parameters, not a value"));
  EXPECT_THAT(Findings("\"${augment}\""),
              ElementsAre("g.yaml:5:5: 'augment' is a group of parameters, not a value"));
}

TEST_F(SectionsTest, AnUnknownTypeIsTheOnlyFinding) {
  std::string text = Text("${augment}");
  text.insert(text.find("  views:"), "  net: {type: Model}\n");
  text.replace(text.find("Recipe"), 6, "Recpie");
  EXPECT_THAT(FindingsOf([&] { LoadGraph(ReadYaml(text, "g.yaml"), config_, registry_); }),
              ElementsAre(HasSubstr("unknown resource type 'Recpie'")));
}

TEST_F(SectionsTest, ARetiredOptionIsAcceptedAndGone) {
  EXPECT_EQ(Given("{length: 7, size: 5}"), "size=5");
  config_.Set("augment.length=7");
  EXPECT_THAT(Findings("${augment}"), ElementsAre(HasSubstr("unknown parameter 'augment.length'")));
  EXPECT_THAT(DescribeType(*registry_.Find("Recipe")), Not(HasSubstr("length")));
  ComponentDef def;
  def.name = "views";
  def.type = "Recipe";
  def.options = {{"length", {}, ReadYaml("7", "x.yaml")}};
  EXPECT_NE(MakeComponent(def, registry_), nullptr) << "of a graph that was not validated";
}

TEST_F(SectionsTest, ValuesRememberTheirParameter) {
  const GraphDef graph = Load("[${augment}, {size: ${data.image_size}, blur: 0.3}]");
  const std::vector<Entry>& options = Views(graph).options;
  ASSERT_EQ(options.size(), 3u);
  EXPECT_EQ(options[0].value.parameter, "data.image_size");
  EXPECT_EQ(options[1].value.parameter, "augment.flip");
  EXPECT_EQ(options[1].value.at.ToString(), "c.yaml:3:9");
  EXPECT_EQ(options[2].value.parameter, "");
  EXPECT_EQ(options[2].value.at.file, "g.yaml");
}

TEST_F(SectionsTest, AFileOfParametersCannotFillTheMemory) {
  std::string section = "big: {";
  for (int i = 0; i < 2000; ++i) section += "key" + std::to_string(i) + ": 1, ";
  config_.Overlay(ReadYaml(section + "}\n", "my.yaml"));
  std::string options = "[";
  for (int i = 0; i < 200; ++i) options += "${big}, ";
  EXPECT_THAT(Findings(options + "]"), ::testing::Contains(HasSubstr("come to more than 16 MiB")));
}

}  // namespace
}  // namespace flowtrain
