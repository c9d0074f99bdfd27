#include "pipeline/node/variants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/node/node.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;

struct Paint {
  double gloss = 0.5;
  int coats = 1;

  static void Declare(OptionsOf<Paint>& options) {
    options.Option(&Paint::gloss, "gloss", "Share.", Between{0, 1})
        .Option(&Paint::coats, "coats", "Number of coats.", AtLeast{1});
  }
};

struct Wall {
  int side = 10;
  Paint paint;

  static void Declare(OptionsOf<Wall>& options) {
    options.Option(&Wall::side, "side", "Side.", AtLeast{1}).Options(&Wall::paint);
  }
};

class House final : public Resource {
 public:
  static void Declare(NodeSpec& spec) {
    spec.Doc("Has walls.").Option(&House::walls, "walls", Variants<Wall>{}, "Its walls.");
  }
  Variants<Wall> walls;
};

class VariantsTest : public ::testing::Test {
 protected:
  VariantsTest() { House::Declare(spec_); }
  std::string Assign(const std::string& yaml) {
    return spec_.options.at(0).assign(house_, ReadYaml("walls: " + yaml, "f").entries[0].value);
  }

  NodeSpec spec_;
  House house_;
};

TEST_F(VariantsTest, OverrideWhatTheyName) {
  EXPECT_EQ(Assign("[{side: 3}, {gloss: 1, coats: 2}, {}]"), "");
  const std::vector<Wall> walls = house_.walls.Over({.side = 7, .paint = {.gloss = 0, .coats = 4}});
  ASSERT_EQ(walls.size(), 3u);
  EXPECT_EQ(walls[0].side, 3);
  EXPECT_EQ(walls[0].paint.gloss, 0);
  EXPECT_EQ(walls[1].side, 7);
  EXPECT_EQ(walls[1].paint.gloss, 1);
  EXPECT_EQ(walls[1].paint.coats, 2);
  EXPECT_EQ(walls[2].side, 7);
  EXPECT_EQ(walls[2].paint.coats, 4);
}

TEST_F(VariantsTest, AreNoneByDefault) {
  spec_.SetDefaults(house_);
  EXPECT_TRUE(house_.walls.empty());
  EXPECT_TRUE(house_.walls.Over({}).empty());
  EXPECT_EQ(spec_.options.at(0).default_text, "[]");
  EXPECT_EQ(Assign("[{}]"), "");
  EXPECT_FALSE(house_.walls.empty());
  EXPECT_EQ(Assign("[]"), "");
  EXPECT_TRUE(house_.walls.empty());
}

TEST_F(VariantsTest, SayWhatIsWrongAndKeepWhatTheyHad) {
  ASSERT_EQ(Assign("[{side: 3}]"), "");
  EXPECT_EQ(Assign("3"), "'3' is not a list of maps");
  EXPECT_EQ(Assign("{side: 3}"), "'{side: 3}' is not a list of maps");
  EXPECT_EQ(Assign("[{side: 4}, side]"), "item 2: 'side' is not a map");
  EXPECT_EQ(Assign("[{}, {side: 0}]"), "item 2: side: must be at least 1, not 0");
  EXPECT_EQ(Assign("[{gloss: much}]"), "item 1: gloss: 'much' is not a number");
  EXPECT_EQ(Assign("[{coat: 2}]"), "item 1: there is no 'coat'; did you mean 'coats'?");
  EXPECT_THAT(Assign("[{roof: 2}]"), HasSubstr("known are side, gloss, coats"));
  EXPECT_EQ(house_.walls.Over({}).at(0).side, 3);
}

TEST_F(VariantsTest, TellOtherProgramsWhatTheyMayHave) {
  const OptionForm& form = spec_.options.at(0).form;
  EXPECT_EQ(form.kind, OptionForm::Kind::kMaps);
  ASSERT_EQ(form.fields.size(), 3u);
  EXPECT_EQ(form.fields[1].name, "gloss");
  EXPECT_EQ(form.fields[1].doc, "Share.");
  EXPECT_EQ(form.fields[1].form.most, 1);
}

}  // namespace
}  // namespace flowtrain
