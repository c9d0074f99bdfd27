#include "pipeline/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/errors.h"
#include "tests/support/files.h"

namespace flowtrain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kDefaults[] = R"(device: auto
data:
  root: data/stl10
  splits: [train, unlabeled]
  num_workers: 6
train:
  epochs: 100
  schedule: {warmup: 10, kind: cosine}
)";

Config Defaults() { return Config(ReadYaml(kDefaults, "default.yaml")); }

std::vector<std::string> Findings(const Config& config,
                                  const std::vector<std::string>& referenced = {}) {
  return FindingsOf([&] { config.Check(referenced); });
}

TEST(Config, FindsDottedKeys) {
  const Config config = Defaults();
  EXPECT_EQ(config.Find("device")->scalar, "auto");
  EXPECT_EQ(config.Find("train.schedule.warmup")->at.ToString(), "default.yaml:8:22");
  EXPECT_EQ(config.Find("train.schedule")->kind, Value::Kind::kMap);
  EXPECT_EQ(config.Find("train.nothing"), nullptr);
  EXPECT_EQ(config.Find("device.more"), nullptr);
  EXPECT_EQ(config.Find(""), nullptr);
}

TEST(Config, ListsKeysInTheOrderOfTheFile) {
  EXPECT_THAT(Defaults().Keys(),
              ElementsAre("device", "data.root", "data.splits", "data.num_workers", "train.epochs",
                          "train.schedule.warmup", "train.schedule.kind"));
}

TEST(Config, LaterLayersGoOverEarlierOnes) {
  Config config = Defaults();
  config.Overlay(ReadYaml("data: {num_workers: 2}\ntrain: {epochs: 10}\n", "first.yaml"));
  config.Overlay(ReadYaml("data: {num_workers: 3}\n", "second.yaml"));
  EXPECT_EQ(config.Get<int>("data.num_workers"), 3);
  EXPECT_EQ(config.Find("data.num_workers")->at.ToString(), "second.yaml:1:21");
  EXPECT_EQ(config.Get<int>("train.epochs"), 10);
  EXPECT_EQ(config.Get<std::string>("data.root"), "data/stl10");
  config.Set("data.num_workers=4");
  EXPECT_EQ(config.Get<int>("data.num_workers"), 4);
  EXPECT_EQ(config.Find("data.num_workers")->at.ToString(), "--set");
  EXPECT_THAT(Findings(config), IsEmpty());
}

TEST(Config, TakesDottedKeysInAFile) {
  Config config = Defaults();
  config.Overlay(
      ReadYaml("data.num_workers: 2\ntrain: {schedule.warmup: 1, epochs: 5}\n"
               "data: {root: elsewhere}\n",
               "my.yaml"));
  EXPECT_EQ(config.Get<int>("data.num_workers"), 2);
  EXPECT_EQ(config.Get<int>("train.schedule.warmup"), 1);
  EXPECT_EQ(config.Get<std::string>("data.root"), "elsewhere");
  EXPECT_THAT(Findings(config), IsEmpty());
}

TEST(Config, SetParsesItsValueAsYaml) {
  Config config = Defaults();
  config.Set("data.splits=[train, test]");
  config.Set(" train.epochs = 7 ");
  config.Set("data.root=/a=b");
  config.Set("device=\"6\"");
  EXPECT_THAT(config.Get<std::vector<std::string>>("data.splits"), ElementsAre("train", "test"));
  EXPECT_EQ(config.Get<int>("train.epochs"), 7);
  EXPECT_EQ(config.Get<std::string>("data.root"), "/a=b");
  EXPECT_TRUE(config.Find("device")->quoted);
  config.Set("train.schedule={warmup: 2}");
  EXPECT_EQ(config.Get<int>("train.schedule.warmup"), 2);
  EXPECT_EQ(config.Get<std::string>("train.schedule.kind"), "cosine");
  EXPECT_THAT(Findings(config), IsEmpty());
}

// The text of data.root after `--set data.root=TEXT`.
std::string RootSetTo(const std::string& text) {
  Config config = Defaults();
  config.Set("data.root=" + text);
  return config.Get<std::string>("data.root");
}

TEST(Config, SetTakesTextAsItIs) {
  for (const char* text : {"/data/my #1 photos",
                           "#1",
                           "/a: b",
                           "a=b=c",
                           "- x",
                           "~/photos",
                           "@home",
                           "*",
                           "&a",
                           "!x",
                           "%x",
                           "`x`",
                           "| x",
                           "> x",
                           "it's",
                           "a, b",
                           "a]",
                           "yes",
                           "1e3",
                           "0x10",
                           "2026-11-28",
                           "a}",
                           "? x",
                           "--",
                           "größe",
                           "a\\b",
                           "x # y: z",
                           "null/x"}) {
    EXPECT_EQ(RootSetTo(text), text);
    // And the file that a run writes has it too.
    Config config = Defaults(), again = Defaults();
    config.Set(std::string("data.root=") + text);
    again.Overlay(ReadYaml(config.ToYaml(), "config.yaml"));
    EXPECT_EQ(again.Get<std::string>("data.root"), text);
  }
  EXPECT_EQ(RootSetTo("  /a b  "), "/a b");
  EXPECT_EQ(RootSetTo("\"/a #1 b \""), "/a #1 b ");
  EXPECT_EQ(RootSetTo("'it''s'"), "it's");
}

TEST(Config, SetWithoutAValueIsEmptyText) {
  EXPECT_EQ(RootSetTo(""), "");
  EXPECT_EQ(RootSetTo("  "), "");
  Config config = Defaults();
  config.Set("data=");
  EXPECT_THAT(Findings(config), ElementsAre(HasSubstr("'data' is a group of parameters")));
}

TEST(Config, SetRefusesToLoseWhatStandsInAComment) {
  Config config = Defaults();
  for (const char* text :
       {"data.splits=[train] # test", "data.root=\"/a\" #1", "data={root: x} #"}) {
    EXPECT_THAT(FindingsOf([&] { config.Set(text); }), ElementsAre(HasSubstr("cut off at '#'")));
  }
  config.Set("data.splits=[\"a #1\", b#2]");
  EXPECT_THAT(config.Get<std::vector<std::string>>("data.splits"), ElementsAre("a #1", "b#2"));
}

TEST(Config, CallsNullWhatItIs) {
  for (const char* word : {"~", "null", "Null", "NULL"}) {
    Config config = Defaults();
    config.Set(std::string("train.epochs=") + word);
    EXPECT_THAT(FindingsOf([&] { config.Get<int>("train.epochs"); }),
                ElementsAre("--set: train.epochs: '" + std::string(word) +
                            "' means no value in YAML; it takes an integer (for the text, put it "
                            "in quotes)"));
  }
  Config config = Defaults();
  config.Overlay(ReadYaml("train:\n  epochs:\ndata: ~\n", "my.yaml"));
  EXPECT_THAT(FindingsOf([&] { config.Get<int>("train.epochs"); }),
              ElementsAre("my.yaml:2:3: train.epochs: no value is given; it takes an integer"));
  EXPECT_THAT(Findings(config), ElementsAre(HasSubstr("my.yaml:3:7: 'data' is a group")));
}

TEST(Config, OneFileGivesAParameterOnce) {
  const auto twice = [](const std::string& text) {
    Config config = Defaults();
    config.Overlay(ReadYaml(text, "my.yaml"));
    return Findings(config);
  };
  EXPECT_THAT(
      twice("train.epochs: 3\ntrain: {epochs: 4}\n"),
      ElementsAre("my.yaml:2:9: parameter 'train.epochs' is given twice (first in line 1)"));
  EXPECT_THAT(twice("train: {epochs: 3}\ntrain.epochs: 3\n"),
              ElementsAre(HasSubstr("my.yaml:2:1: parameter 'train.epochs' is given twice")));
  EXPECT_THAT(twice("train: {schedule.kind: a}\ntrain.schedule: {kind: b}\n"),
              ElementsAre(HasSubstr("'train.schedule.kind' is given twice")));
  EXPECT_THAT(twice("train.schedule.kind: a\ntrain: {schedule: {kind: b}}\n"),
              ElementsAre(HasSubstr("'train.schedule.kind' is given twice")));
  EXPECT_THAT(twice("data: {splits: [a]}\n\"data.splits\": [b]\n"),
              ElementsAre(HasSubstr("'data.splits' is given twice")));
  EXPECT_THAT(twice("train.epochs: 3\ntrain: {schedule: {kind: b}}\ntrain.schedule.warmup: 3\n"),
              IsEmpty());
  Config config = Defaults();  // the last of several layers holds
  config.Set("train.epochs=3");
  config.Set("train.epochs=4");
  EXPECT_EQ(config.Get<int>("train.epochs"), 4);
  EXPECT_THAT(Findings(config), IsEmpty());
  EXPECT_THAT(FindingsOf([] { Config(ReadYaml("a: {b: 1}\na.b: 2\n", "c.yaml")).Check({}); }),
              ElementsAre(HasSubstr("c.yaml:2:1: parameter 'a.b' is given twice")));
}

TEST(Config, SetRefusesWhatIsNoAssignment) {
  Config config = Defaults();
  EXPECT_THAT(FindingsOf([&] { config.Set("data.root"); }),
              ElementsAre("--set: 'data.root' is not of the form key=value"));
  EXPECT_THAT(FindingsOf([&] { config.Set("=5"); }), ElementsAre(HasSubstr("key=value")));
  EXPECT_THAT(FindingsOf([&] { config.Set("data.splits=[a"); }),
              ElementsAre(HasSubstr("--set: the value of 'data.splits=[a' is not valid YAML")));
}

TEST(Config, TellsOfEveryUnknownKeyWithTheNearest) {
  Config config = Defaults();
  config.Overlay(ReadYaml("data:\n  num_worker: 2\ndate: {root: x, kind: y}\n", "my.yaml"));
  config.Set("num_workers=4");
  config.Set("quite.another=4");
  EXPECT_THAT(
      Findings(config),
      ElementsAre("my.yaml:2:3: unknown parameter 'data.num_worker'; did you mean "
                  "'data.num_workers'? (data has root, splits, num_workers)",
                  "my.yaml:3:1: unknown parameter 'date'; did you mean 'data'? "
                  "(known are device, data, train)",
                  "--set: unknown parameter 'num_workers'; did you mean 'data.num_workers'? "
                  "(known are device, data, train)",
                  "--set: unknown parameter 'quite' (known are device, data, train)"));
}

TEST(Config, AnUnknownKeyMayBeInEitherGroup) {
  Config config(ReadYaml("data: {batch_size: 1}\nevaluate: {batch_size: 2}\n", "c.yaml"));
  config.Set("batch_size=3");
  config.Set("data.size=3");
  EXPECT_THAT(
      Findings(config),
      ElementsAre("--set: unknown parameter 'batch_size'; did you mean 'data.batch_size' or "
                  "'evaluate.batch_size'? (known are data, evaluate)",
                  "--set: unknown parameter 'data.size' (data has batch_size)"));
}

TEST(Config, KnowsWhatTheGraphRefersTo) {
  Config config = Defaults();
  config.Set("extra.thing=4");
  EXPECT_THAT(Findings(config, {"extra.thing"}), IsEmpty());
  EXPECT_THAT(Findings(config, {"extra.other"}),
              ElementsAre(HasSubstr("unknown parameter 'extra.thing'")));
}

TEST(Config, WithoutADefaultFileTheGraphAloneSaysWhatIsKnown) {
  Config config{std::string()};
  config.Set("train.epochs=4");
  EXPECT_EQ(config.Get<int>("train.epochs"), 4);
  EXPECT_THAT(Findings(config, {"train.epochs"}), IsEmpty());
  EXPECT_THAT(Findings(config, {"train.epoch"}),
              ElementsAre(HasSubstr("did you mean 'train.epoch'?")));
}

TEST(Config, RefusesAValueWhereAGroupIsAndTheOtherWayRound) {
  Config config = Defaults();
  config.Overlay(ReadYaml("data: 5\ndevice: {name: cpu}\n", "my.yaml"));
  EXPECT_THAT(Findings(config),
              ElementsAre("my.yaml:1:7: 'data' is a group of parameters (data.root, data.splits, "
                          "data.num_workers), it cannot be '5'",
                          "my.yaml:2:1: parameter 'device' is a value, not a group of parameters"));
  EXPECT_EQ(config.Get<int>("data.num_workers"), 6) << "the layer below stays";
}

TEST(Config, TakesAnEmptyGroupForNothing) {
  Config config = Defaults();
  config.Overlay(ReadYaml("data:\n  # root: all in comments\n", "my.yaml"));
  config.Overlay(ReadYaml("# nothing at all\n", "my.yaml"));
  EXPECT_EQ(config.Get<int>("data.num_workers"), 6);
  EXPECT_THAT(Findings(config), IsEmpty());
}

TEST(Config, RefusesAReferenceInAParameter) {
  Config config = Defaults();
  config.Set("data.root=${device}/x");
  EXPECT_THAT(Findings(config), ElementsAre(HasSubstr("'data.root' cannot refer to another")));
}

TEST(Config, RefusesAReferenceInAMapOfAList) {
  Config config = Defaults();
  config.Set("data.root=[{a: 1}, {b: \"${device}\"}]");
  EXPECT_THAT(Findings(config), ElementsAre(HasSubstr("'data.root' cannot refer to another")));
}

TEST(Config, LeavesVariablesToThePathsAlone) {
  Config config = Defaults();
  config.NamePaths({"data.root"});
  config.Set("data.root=${HOME}/x");
  EXPECT_THAT(Findings(config), IsEmpty());
  config.Set("device=${HOME}");
  EXPECT_THAT(Findings(config), ElementsAre(HasSubstr("'device' cannot refer to another")));
}

TEST(Config, RefusesALayerThatIsNoMap) {
  Config config = Defaults();
  EXPECT_THAT(FindingsOf([&] { config.Overlay(ReadYaml("[1]", "my.yaml")); }),
              ElementsAre("my.yaml:1:1: parameters must be a map of keys and values, not a list"));
  EXPECT_THAT(FindingsOf([&] { config.OverlayFile("none.yaml"); }),
              ElementsAre(HasSubstr("none.yaml: cannot be read")));
}

TEST(Config, GetNamesTheKey) {
  const Config config = Defaults();
  EXPECT_THAT(FindingsOf([&] { config.Get<int>("data.root"); }),
              ElementsAre("default.yaml:3:9: data.root: 'data/stl10' is not an integer"));
  EXPECT_THAT(FindingsOf([&] { config.Get<int>("data.none"); }),
              ElementsAre(HasSubstr("'data.none' is missing")));
}

TEST(Config, ToYamlReadsBackAsAnOverlay) {
  Config config = Defaults();
  config.Set("data.root='/a b: c'");
  config.Set("data.splits=[\"6\", test]");
  const std::string text = config.ToYaml();
  Config again = Defaults();
  again.Overlay(ReadYaml(text, "resolved.yaml"));
  EXPECT_EQ(again.ToYaml(), text);
  EXPECT_THAT(Findings(again), IsEmpty());
  EXPECT_THAT(text, HasSubstr("data:\n  root: \"/a b: c\"\n  splits: [\"6\", test]\n"));
}

// At the beginning of a file it would be taken for no part of the key.
TEST(Config, ToYamlKeepsAByteOrderMarkInAKey) {
  const std::string key = "\xEF\xBB\xBFname";
  const Config config(ReadYaml("\n  " + key + ": 1\n", "f"));
  const Value again = ReadYaml(config.ToYaml(), "resolved.yaml");
  ASSERT_EQ(again.entries.size(), 1U);
  EXPECT_EQ(again.entries[0].key, key);
}

TEST(Config, ToYamlLeavesOutWhatItIsTold) {
  const Config config = Defaults();
  EXPECT_EQ(config.ToYaml({"train", "data.splits", "data.none", "device.x"}),
            "device: auto\ndata:\n  root: data/stl10\n  num_workers: 6\n");
  EXPECT_NE(config.Find("data.splits"), nullptr);
}

TEST(Config, ReadsTheFilesThatShip) {
  const auto folder = SourceFolder() / "configs";
  Config config((folder / "stl10_config.yaml").string());
  config.OverlayFile((folder / "sample.yaml").string());
  EXPECT_THAT(Findings(config), IsEmpty());
  EXPECT_EQ(config.Get<std::string>("data.kind"), "sample");
  EXPECT_EQ(config.Get<bool>("gpu.cudnn_benchmark"), true);
}

}  // namespace
}  // namespace flowtrain
