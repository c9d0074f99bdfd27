#include "pipeline/node/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/node/node.h"

namespace flowtrain {
namespace {

using ::testing::ElementsAre;

enum class Speed : uint8_t { kSlow, kFast };

struct Inner {
  double share = 0.25;

  static void Declare(OptionsOf<Inner>& options) {
    options.Option(&Inner::share, "inner_share", "Share.", Between{0, 1});
  }
};

struct Grouped {
  std::array<double, 2> range{0.2, 1.0};
  std::array<double, 2> pair{0, -1};
  uint64_t seed = 42;
  int odd = 9;
  Speed speed = Speed::kFast;
  Inner inner;

  static void Declare(OptionsOf<Grouped>& options) {
    options.Option(&Grouped::range, "limits", "Limits.", Between{0, 1}, PositiveRange{})
        .Option(&Grouped::pair, "pair", "Pair.")
        .Option(&Grouped::seed, "seed", "Seed.", AtLeast{0})
        .Option(&Grouped::odd, "odd", "Odd.", Odd{})
        .Option(&Grouped::speed, "speed", "Speed.",
                Choices<Speed>{{{"slow", Speed::kSlow}, {"fast", Speed::kFast}}})
        .Options(&Grouped::inner);
  }
};

class Everything final : public Resource {
 public:
  static void Declare(NodeSpec& spec) {
    spec.Doc("Has an option of each type.")
        .Option(&Everything::count, "count", 3, "Things.", AtLeast{1})
        .Option(&Everything::wide, "wide", int64_t{1} << 40, "Wide.")
        .Option(&Everything::flag, "flag", true, "Flag.")
        .Option(&Everything::share, "share", 0.2f, "Share.", Between{0, 1})
        .Option(&Everything::rate, "rate", 5e-4, "Rate.")
        .Option(&Everything::name, "name", "sgd", "Name.", OneOf{{"sgd", "adamw", "lars"}})
        .Option(&Everything::parts, "parts", std::vector<std::string>{"train"}, "Parts.",
                OneOf{{"train", "test"}})
        .Option(&Everything::range, "range", std::vector<double>{0.2, 1.0}, "Range.", AtLeast{0})
        .Required(&Everything::must, "must", "Must be given.")
        .Option(&Everything::speed, "top_speed", Speed::kSlow, "Speed.",
                Choices<Speed>{{{"slow", Speed::kSlow}, {"fast", Speed::kFast}}})
        .Options(&Everything::grouped)
        .Retired("weight", "nobody weighs it");
  }
  int count = 0, must = 0;
  int64_t wide = 0;
  bool flag = false;
  float share = 0;
  double rate = 0;
  std::string name;
  std::vector<std::string> parts;
  std::vector<double> range;
  Speed speed = Speed::kFast;
  Grouped grouped;
};

class OptionTest : public ::testing::Test {
 protected:
  OptionTest() { Everything::Declare(spec_); }

  const OptionSpec& Option(const std::string& name) const {
    for (const OptionSpec& option : spec_.options) {
      if (option.name == name) return option;
    }
    throw std::logic_error(name);
  }
  std::string Assign(const std::string& name, const std::string& yaml) {
    return Option(name).assign(component_, ReadYaml(yaml, "f"));
  }

  NodeSpec spec_;
  Everything component_;
};

TEST_F(OptionTest, DefaultsReachTheMembers) {
  spec_.SetDefaults(component_);
  EXPECT_EQ(component_.count, 3);
  EXPECT_EQ(component_.wide, int64_t{1} << 40);
  EXPECT_TRUE(component_.flag);
  EXPECT_EQ(component_.share, 0.2f);
  EXPECT_EQ(component_.rate, 5e-4);
  EXPECT_EQ(component_.name, "sgd");
  EXPECT_THAT(component_.parts, ElementsAre("train"));
  EXPECT_THAT(component_.range, ElementsAre(0.2, 1.0));
}

TEST_F(OptionTest, DefaultsAreShownAsTheyWereWritten) {
  EXPECT_EQ(Option("count").default_text, "3");
  EXPECT_EQ(Option("wide").default_text, "1099511627776");
  EXPECT_EQ(Option("flag").default_text, "true");
  EXPECT_EQ(Option("share").default_text, "0.2");
  EXPECT_EQ(Option("rate").default_text, "0.0005");
  EXPECT_EQ(Option("name").default_text, "sgd");
  EXPECT_EQ(Option("parts").default_text, "[train]");
  EXPECT_EQ(Option("range").default_text, "[0.2, 1]");
  EXPECT_EQ(Option("must").default_text, "");
  EXPECT_TRUE(Option("must").required);
  EXPECT_EQ(Show(std::string()), "\"\"");
  EXPECT_EQ(Show(1e-6), "1e-06");
  EXPECT_EQ(Show(0.0), "0");
  EXPECT_EQ(Show(-128.0), "-128");
}

TEST_F(OptionTest, BoundsAreShown) {
  EXPECT_EQ(Option("count").bound, ">= 1");
  EXPECT_EQ(Option("share").bound, "0 to 1");
  EXPECT_EQ(Option("name").bound, "one of sgd, adamw, lars");
  EXPECT_EQ(Option("flag").bound, "");
}

TEST_F(OptionTest, AssignPutsTheValueIn) {
  EXPECT_EQ(Assign("count", "12"), "");
  EXPECT_EQ(component_.count, 12);
  EXPECT_EQ(Assign("parts", "[test, train]"), "");
  EXPECT_THAT(component_.parts, ElementsAre("test", "train"));
  EXPECT_EQ(Assign("must", "-1"), "");
  EXPECT_EQ(component_.must, -1);
}

TEST_F(OptionTest, AssignSaysWhatIsWrongAndLeavesTheMember) {
  spec_.SetDefaults(component_);
  EXPECT_EQ(Assign("count", "six"), "'six' is not an integer");
  EXPECT_EQ(Assign("count", "\"6\""), "'\"6\"' is not an integer");
  EXPECT_EQ(Assign("count", "0"), "must be at least 1, not 0");
  EXPECT_EQ(Assign("flag", "yes"), "'yes' is not true or false");
  EXPECT_EQ(Assign("flag", "1e999"), "'1e999' is not true or false");
  EXPECT_EQ(Assign("count", "99999999999999999999"),
            "'99999999999999999999' is too large; it takes an integer");
  EXPECT_EQ(Assign("share", "1e999"), "'1e999' is too large; it takes a number");
  EXPECT_EQ(Assign("share", "nan"), "'nan' is not a number");
  EXPECT_EQ(Assign("name", "null"),
            "'null' means no value in YAML; it takes text (for the text, put it in quotes)");
  EXPECT_EQ(Assign("count", ""), "no value is given; it takes an integer");
  EXPECT_EQ(Assign("share", "1.5"), "must be between 0 and 1, not 1.5");
  EXPECT_EQ(Assign("name", "lrs"), "'lrs' is not one of sgd, adamw, lars; did you mean 'lars'?");
  EXPECT_EQ(Assign("name", "[lars]"), "'[lars]' is not text");
  EXPECT_EQ(Assign("parts", "[train, tset]"),
            "'tset' is not one of train, test; did you mean 'test'?");
  EXPECT_EQ(Assign("range", "[0.5, -1]"), "must be at least 0, not -1");
  EXPECT_EQ(Assign("range", "0.5"), "'0.5' is not a list of numbers");
  EXPECT_EQ(component_.count, 3);
  EXPECT_EQ(component_.name, "sgd");
}

TEST_F(OptionTest, AStructDeclaresItsOwn) {
  EXPECT_EQ(Option("limits").default_text, "[0.2, 1]") << "the members' initialisers";
  EXPECT_EQ(Option("seed").default_text, "42");
  EXPECT_EQ(Option("speed").default_text, "fast");
  EXPECT_EQ(Option("inner_share").default_text, "0.25");
  EXPECT_EQ(Option("limits").bound, "0 to 1, 0 < low <= high");
  EXPECT_EQ(Option("odd").bound, "odd");
  spec_.SetDefaults(component_);
  EXPECT_THAT(component_.grouped.range, ElementsAre(0.2, 1.0));
  EXPECT_EQ(Assign("limits", "[0.5, 0.5]"), "");
  EXPECT_THAT(component_.grouped.range, ElementsAre(0.5, 0.5));
  EXPECT_EQ(Assign("pair", "[1, -2]"), "");
  EXPECT_THAT(component_.grouped.pair, ElementsAre(1, -2));
  EXPECT_EQ(Assign("seed", "7"), "");
  EXPECT_EQ(component_.grouped.seed, 7u);
  EXPECT_EQ(Assign("inner_share", "0.75"), "");
  EXPECT_EQ(component_.grouped.inner.share, 0.75);
}

TEST_F(OptionTest, AStructsOptionsAreChecked) {
  EXPECT_EQ(Assign("limits", "[0.5]"), "'[0.5]' is not a list of two numbers");
  EXPECT_EQ(Assign("limits", "0.5"), "'0.5' is not a list of two numbers");
  EXPECT_EQ(Assign("limits", "[0.5, 2]"), "must be between 0 and 1, not 2");
  EXPECT_EQ(Assign("limits", "[0.5, 0.25]"),
            "must be [low, high] with 0 < low <= high, not [0.5, 0.25]");
  EXPECT_EQ(Assign("limits", "[0, 0.25]"),
            "must be [low, high] with 0 < low <= high, not [0, 0.25]");
  EXPECT_EQ(Assign("seed", "-1"), "must be at least 0, not -1");
  EXPECT_EQ(Assign("odd", "8"), "must be odd, not 8");
  EXPECT_EQ(Assign("inner_share", "2"), "must be between 0 and 1, not 2");
  EXPECT_THAT(component_.grouped.range, ElementsAre(0.2, 1.0));
}

TEST_F(OptionTest, AnEnumIsWrittenByItsNames) {
  EXPECT_EQ(Option("top_speed").default_text, "slow");
  EXPECT_EQ(Option("top_speed").type, "text");
  EXPECT_EQ(Option("top_speed").bound, "one of slow, fast");
  spec_.SetDefaults(component_);
  EXPECT_EQ(component_.speed, Speed::kSlow);
  EXPECT_EQ(Assign("top_speed", "fast"), "");
  EXPECT_EQ(component_.speed, Speed::kFast);
  EXPECT_EQ(Assign("top_speed", "fsat"), "'fsat' is not one of slow, fast; did you mean 'fast'?");
  EXPECT_EQ(Assign("top_speed", "[fast]"), "'[fast]' is not text");
  EXPECT_EQ(Assign("speed", "slow"), "");
  EXPECT_EQ(component_.grouped.speed, Speed::kSlow);
}

TEST(Choices, GoBothWays) {
  const Choices<Speed> speeds{{{"slow", Speed::kSlow}, {"fast", Speed::kFast}}};
  EXPECT_EQ(ChoiceName(speeds, Speed::kFast), "fast");
  EXPECT_EQ(ChoiceValue(speeds, "slow"), Speed::kSlow);
  EXPECT_THROW(ChoiceValue(speeds, "slwo"), std::invalid_argument);
}

TEST_F(OptionTest, ARetiredOneIsNoOption) {
  EXPECT_THROW(Option("weight"), std::logic_error);
  ASSERT_EQ(spec_.retired.size(), 1u);
  EXPECT_EQ(spec_.retired[0].why, "nobody weighs it");
}

}  // namespace
}  // namespace flowtrain
