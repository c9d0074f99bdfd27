#include "tools/tune/tuned_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/small_graph.h"
#include "tests/support/temp_folder.h"
#include "tools/load/find_file.h"

namespace flowtrain {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const Machine kMachine{"box", "Some CPU", 8};

std::map<std::string, std::string> For(const GraphDef& def, const Machine& machine = kMachine) {
  return TunedFor(def, SmallRegistry(), machine, "cpu");
}

TunedGraph SomeSettings(const GraphDef& def) {
  TunedGraph tuned;
  tuned.holds_for = For(def);
  tuned.workers = {{"the_Source", 1}, {"the_Decode", 5}};
  tuned.threads = 6;
  tuned.sample_slots = 40;
  tuned.batch_slots = 4;
  return tuned;
}

std::string ErrorOf(const std::string& path, const std::map<std::string, std::string>& holds_for) {
  GraphDef def = SmallGraph();
  return MessageOf<ConfigError>([&] { ApplyTuned(path, holds_for, def); });
}

TEST(TunedFile, SetsTheGraphItWasFoundFor) {
  TempFolder folder;
  GraphDef def = SmallGraph();
  WriteTuned(folder / "tuned/box.yaml", def.name, SomeSettings(def));
  ApplyTuned(folder / "tuned/box.yaml", For(def), def);
  EXPECT_EQ(def.workers, 6);
  EXPECT_EQ(def.sample_slots, 40);
  EXPECT_EQ(def.batch_slots, 4);
  EXPECT_EQ(def.nodes[1].workers, 5);
}

TEST(TunedFile, IsWrittenWhereItIsLookedFor) {
  const TempFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const Machine machine{"no-such-host", "Some CPU", 8};
  const std::string name = TunedName(machine);
  EXPECT_EQ(name, "configs/tuned/no-such-host.yaml");
  EXPECT_EQ(PathToTune(machine), ShippedFolder() + '/' + name);
  folder.Write(name, {});
  EXPECT_EQ(PathToTune(machine), name);
  EXPECT_EQ(FindShippedFile(name), name);
  std::filesystem::current_path(before);
}

TEST(TunedFile, KeepsTheSettingsOfOtherGraphs) {
  TempFolder folder;
  GraphDef def = SmallGraph();
  const std::string path = folder / "box.yaml";
  WriteTuned(path, "another", SomeSettings(def));
  WriteTuned(path, def.name, SomeSettings(def));
  def.name = "another";
  EXPECT_NO_THROW(ApplyTuned(path, For(def), def));
}

TEST(TunedFile, RefusesAnotherMachineAndSaysWhatDiffers) {
  TempFolder folder;
  const GraphDef def = SmallGraph();
  const std::string path = folder / "box.yaml";
  WriteTuned(path, def.name, SomeSettings(def));
  const std::string error = ErrorOf(path, For(def, {"other", "Other CPU", 4}));
  EXPECT_THAT(
      error, AllOf(HasSubstr("machine.cpu: Other CPU here, Some CPU there"),
                   HasSubstr("machine.cores: 4.00 here, 8.00 there"), HasSubstr("flowtrain tune")));
  EXPECT_THAT(error, Not(HasSubstr("machine.device")));
}

TEST(TunedFile, RefusesAnotherGraphAndSaysWhatDiffers) {
  TempFolder folder;
  GraphDef def = SmallGraph();
  const std::string path = folder / "box.yaml";
  WriteTuned(path, def.name, SomeSettings(def));
  AddOption(def.nodes[1], "size", "224");
  EXPECT_THAT(ErrorOf(path, For(def)), HasSubstr("the_Decode.size: 224 here, not set there"));
}

TEST(TunedFile, ASeedIsNoOtherGraph) {
  GraphDef def = SmallGraph(), other = SmallGraph();
  AddOption(def.nodes[0], "seed", "1");
  AddOption(other.nodes[0], "seed", "2");
  EXPECT_EQ(For(def), For(other));
}

TEST(TunedFile, HostileFilesAreErrorsThatSayWhatToDo) {
  TempFolder folder;
  const std::string path = folder / "box.yaml";
  EXPECT_THAT(ErrorOf(path, {}), HasSubstr("box.yaml"));
  for (const char* text :
       {"", "[]", "flowtrain_tuned: 1\n", "flowtrain_tuned: 1\ngraphs: 3\n",
        "flowtrain_tuned: x\ngraphs: {}\n", "flowtrain_tuned: 99\ngraphs: {}\n",
        "flowtrain_tuned: 1\ngraphs: {small: 4}\n", "flowtrain_tuned: 1\ngraphs: {small: {}}\n",
        "flowtrain_tuned: 1\ngraphs: {small: {holds_for: {}, threads: -3}}\n",
        "flowtrain_tuned: 1\ngraphs: {small: {holds_for: {}, threads: 1e99}}\n"}) {
    WriteText(path, text);
    EXPECT_THAT(ErrorOf(path, {}), HasSubstr("box.yaml")) << text;
  }
}

}  // namespace
}  // namespace flowtrain
