// The program, end to end, on small data.

#include "tests/support/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace flowtrain {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

// The main graph with every option by itself.
const std::string kLongGraph = FLOWTRAIN_SOURCE_DIR "/tests/golden/simclr_long.yaml";

TEST(Program, TrainsAndLeavesACompleteRunDirectory) {
  const TempFolder folder;
  const std::string run = folder / "run";
  const Result result = RunProgram(SmallRun(run));
  ASSERT_EQ(result.code, 0) << result.output;

  const std::vector<nlohmann::json> metrics = ReadMetrics(run);
  std::vector<uint64_t> steps, epochs;
  for (const nlohmann::json& object : metrics) {
    if (object.contains("step")) {
      steps.push_back(object["step"]);
      for (const char* key : {"epoch", "loss", "lr", "images_per_s", "data_wait"}) {
        EXPECT_TRUE(object.contains(key)) << key << " missing in " << object;
      }
    }
  }
  EXPECT_EQ(steps, (std::vector<uint64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_THAT(ReadText(run + "/config.yaml"), HasSubstr("batch_size: 4"));
  EXPECT_FALSE(ReadText(run + "/log.txt").empty());
  EXPECT_FALSE(std::filesystem::is_empty(run + "/checkpoints"));
  EXPECT_THAT(result.output, HasSubstr("effective batch = 4 x 2 = 8"));
  EXPECT_THAT(result.output, HasSubstr("kNN"));
}

TEST(Program, TheResolvedConfigurationRepeatsTheRun) {
  const TempFolder folder;
  ASSERT_EQ(RunProgram(SmallRun(folder / "a", {"train.max_steps=3"})).code, 0);
  const Result again =
      RunProgram({kGraph, "--config", folder / "a/config.yaml", "--run-dir", folder / "b"});
  ASSERT_EQ(again.code, 0) << again.output;
  EXPECT_EQ(Losses(folder / "a"), Losses(folder / "b"));
}

TEST(Program, LossesDoNotDependOnTheWorkers) {
  const TempFolder folder;
  ASSERT_EQ(RunProgram(SmallRun(folder / "one", {"data.num_workers=1", "data.sample_slots=1",
                                                 "data.batch_slots=1", "evaluate.knn=false"}))
                .code,
            0);
  ASSERT_EQ(RunProgram(SmallRun(folder / "two", {"data.num_workers=2", "data.sample_slots=40",
                                                 "evaluate.knn=false"}))
                .code,
            0);
  const std::vector<double> losses = Losses(folder / "one");
  EXPECT_EQ(losses.size(), 6u);
  EXPECT_EQ(losses, Losses(folder / "two"));
}

TEST(Program, ARunOfAnotherSeedDiffers) {
  const TempFolder folder;
  ASSERT_EQ(RunProgram(SmallRun(folder / "a", {"train.max_steps=2", "evaluate.knn=false"})).code,
            0);
  ASSERT_EQ(RunProgram(SmallRun(folder / "b",
                                {"train.max_steps=2", "evaluate.knn=false", "train.seed=43"}))
                .code,
            0);
  EXPECT_EQ(Losses(folder / "a").size(), 2u);
  EXPECT_NE(Losses(folder / "a"), Losses(folder / "b"));
}

TEST(Program, AnInterruptDrainsAndWritesACheckpoint) {
  const TempFolder folder;
  Program program(
      SmallRun(folder / "run", {"train.epochs=400", "evaluate.knn=false", "run.log_every=0.05"}));
  ASSERT_TRUE(program.WaitFor("step")) << program.output();
  ASSERT_TRUE(WaitForSteps(program, folder / "run", 3)) << program.output();
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("checkpoint"));
  EXPECT_FALSE(std::filesystem::is_empty(folder / "run/checkpoints"));
}

TEST(Program, ResumingRepeatsWhatAnUninterruptedRunWouldHaveDone) {
  const TempFolder folder;
  ASSERT_EQ(RunProgram(SmallRun(folder / "whole", {"evaluate.knn=false"})).code, 0);
  std::vector<std::string> arguments =
      SmallRun(folder / "second", {"evaluate.knn=false", "data.num_workers=1"});
  arguments.insert(arguments.end(),
                   {"--resume", folder / "whole/checkpoints/step-00000003.safetensors"});
  const Result resumed = RunProgram(arguments);
  ASSERT_EQ(resumed.code, 0) << resumed.output;
  const std::vector<double> whole = Losses(folder / "whole");
  EXPECT_EQ(Losses(folder / "second"), std::vector<double>(whole.begin() + 3, whole.end()));
}

TEST(Program, ASecondInterruptAborts) {
  const TempFolder folder;
  Program program(SmallRun(
      folder / "run", {"train.epochs=400", "evaluate.knn=false", "sample.images=80",
                       "data.batch_size=40", "gpu.gradient_accumulation=2", "run.log_every=0.05"}));
  ASSERT_TRUE(program.WaitFor("step")) << program.output();
  program.Signal(SIGINT);
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 130) << program.output();
}

TEST(Program, BadUsageAndConfigurationExitWith2AndSayWhatToDo) {
  const TempFolder folder;
  struct Case {
    std::vector<std::string> arguments;
    std::string says;
  };
  const std::vector<Case> cases = {
      {{}, "flowtrain"},
      {{folder / "missing.yaml"}, "missing.yaml"},
      {{kGraph, "--set", "data.num_worker=3"}, "data.num_workers"},
      {{kGraph, "--set", "data.num_workers=six"}, "'six' is not an integer"},
      {{kGraph, "--set", "data.batch_size=0"}, "batch_size"},
      {{kGraph, "--set", "train.optimizer=sdg"}, "sgd"},
      {{kGraph, "--set", "nonsense"}, "nonsense"},
      {{kGraph, "--config", folder / "missing.yaml"}, "missing.yaml"},
      {{kGraph, "--no-such-option"}, "no-such-option"},
      {SmallRun(folder / "x", {"data.batch_size=1000"}), "lower data.batch_size (--set)"},
      {{kGraph, "--set", "augment.flp=0.1"}, "did you mean 'augment.flip'?"},
  };
  for (const Case& c : cases) {
    const Result result = RunProgram(c.arguments);
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_THAT(result.output, HasSubstr(c.says));
  }
}

TEST(Program, RefusesWhatWouldNotFitTheHostMemory) {
  const TempFolder folder;
  const Result tight = RunProgram(SmallRun(folder / "a", {"limits.host_memory=10 KB"}));
  EXPECT_EQ(tight.code, 2) << tight.output;
  EXPECT_THAT(tight.output, HasSubstr("lower data.batch_slots, data.batch_size, or raise"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
  const Result cache = RunProgram(SmallRun(
      folder / "b", {"limits.host_memory=1 GiB", "data.cache=memory", "data.cache_budget=2 GiB"}));
  EXPECT_EQ(cache.code, 2) << cache.output;
  EXPECT_THAT(cache.output, HasSubstr("2.0 GiB for the cache of decoded images"));
  EXPECT_EQ(RunProgram(SmallRun(folder / "c", {"limits.host_memory=1 GiB", "train.max_steps=1",
                                               "evaluate.knn=false"}))
                .code,
            0);
}

TEST(Program, AllFindingsOfAGraphAreReportedAtOnceWithTheirPlaces) {
  const TempFolder folder;
  std::string graph = ReadText(kLongGraph);
  const auto replace = [&](const std::string& from, const std::string& to) {
    ASSERT_NE(graph.find(from), std::string::npos) << from;
    graph.replace(graph.find(from), from.size(), to);
  };
  replace("type: DecodeImage", "type: DecodeImages");
  replace("in: rows", "in: row");
  replace("pin_memory: ${data.pin_memory}", "pin_memori: ${data.pin_memory}");
  replace("../../configs/", FLOWTRAIN_SOURCE_DIR "/configs/");
  WriteText(folder / "graph.yaml", graph);
  const Result result = RunProgram({"validate", folder / "graph.yaml"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.output, HasSubstr("DecodeImage'"));
  EXPECT_THAT(result.output, HasSubstr("rows"));
  EXPECT_THAT(result.output, HasSubstr("pin_memory"));
  EXPECT_GE(std::count(result.output.begin(), result.output.end(), '\n'), 3);
}

TEST(Program, AnExistingRunDirectoryIsNotOverwritten) {
  const TempFolder folder;
  ASSERT_EQ(RunProgram(SmallRun(folder / "run", {"train.max_steps=1", "evaluate.knn=false"})).code,
            0);
  const std::string before = ReadText(folder / "run/metrics.jsonl");
  const Result again = RunProgram(SmallRun(folder / "run", {"train.max_steps=1"}));
  EXPECT_EQ(again.code, 2) << again.output;
  EXPECT_EQ(ReadText(folder / "run/metrics.jsonl"), before);
}

TEST(Program, TrainsOnRealStl10Files) {
  if (!std::filesystem::exists(kData)) GTEST_SKIP() << "no " << kData;
  const TempFolder folder;
  const Result result = RunProgram(SmallRun(
      folder / "run", {"data.kind=stl10", "data.root=" + kData + "/stl10_mini/stl10_binary",
                       "train.max_steps=1", "evaluate.batch_size=64"}));
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("1,500"));
  EXPECT_EQ(Losses(folder / "run").size(), 1u);
}

TEST(Program, TrainsOnAFolderOfRealJpegs) {
  if (!std::filesystem::exists(kData)) GTEST_SKIP() << "no " << kData;
  const TempFolder folder;
  const Result result = RunProgram(
      SmallRun(folder / "run", {"data.kind=folder", "data.root=" + kData + "/clothing_mini",
                                "train.max_steps=2", "evaluate.knn=false"}));
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_EQ(Losses(folder / "run").size(), 2u);
}

TEST(Program, AFewUnreadableImagesAreReplacedAndNamedTooManyEndTheRun) {
  if (!std::filesystem::exists(kData)) GTEST_SKIP() << "no " << kData;
  const TempFolder folder;
  std::filesystem::copy(kData + "/clothing_mini/hat", folder / "images");
  for (const auto& entry : std::filesystem::directory_iterator(folder / "images")) {
    std::filesystem::permissions(entry, std::filesystem::perms::owner_all);
  }
  WriteText(folder / "images/broken.jpg", "this is not a picture");
  const std::vector<std::string> on_folder = {"data.kind=folder",
                                              "data.root=" + (folder / "images"),
                                              "data.batch_size=8", "evaluate.knn=false"};
  std::vector<std::string> lenient = on_folder, strict = on_folder;
  lenient.push_back("data.max_bad_fraction=0.1");
  strict.push_back("data.max_bad_fraction=0");
  const Result goes_on = RunProgram(SmallRun(folder / "a", lenient));
  EXPECT_EQ(goes_on.code, 0) << goes_on.output;
  EXPECT_THAT(goes_on.output, HasSubstr("broken.jpg"));
  const Result ends = RunProgram(SmallRun(folder / "b", strict));
  EXPECT_EQ(ends.code, 1) << ends.output;
  EXPECT_THAT(ends.output, HasSubstr("broken.jpg"));
}

TEST(Program, VersionHelpNodesAndInspectAnswer) {
  EXPECT_THAT(RunProgram({"--version"}).output, HasSubstr("0.1.0"));
  const Result help = RunProgram({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* part :
       {"--set", "--config", "--run-dir", "validate", "inspect", "nodes", "130"}) {
    EXPECT_THAT(help.output, HasSubstr(part));
  }
  EXPECT_THAT(RunProgram({"nodes"}).output, HasSubstr("DualViewAugment"));
  EXPECT_THAT(RunProgram({"nodes", "ViewRecipe"}).output, HasSubstr("crop_scale"));
  const Result valid = RunProgram({"validate", kGraph});
  EXPECT_EQ(valid.code, 0) << valid.output;
}

// Starts the program in `folder`.
Result RunIn(const std::string& folder, const std::vector<std::string>& arguments) {
  Program program(arguments, [&folder] {
    if (chdir(folder.c_str()) != 0) _exit(126);
  });
  const int code = program.Wait();
  return {code, program.output()};
}

TEST(Program, FindsWhatShipsFromAnyFolder) {
  const TempFolder folder;
  const Result valid = RunIn(folder.path(), {"validate", "graphs/simclr.yaml"});
  EXPECT_EQ(valid.code, 0) << valid.output;
  const Result packed =
      RunIn(folder.path(), {"pack", "sample", "x.ftpack", "--set", "sample.images=8"});
  EXPECT_EQ(packed.code, 0) << packed.output;
  EXPECT_TRUE(std::filesystem::exists(folder / "x.ftpack"));
  const Result trained =
      RunIn(folder.path(), {"graphs/simclr.yaml", "--config", "configs/sample.yaml", "--set",
                            "data.kind=sample", "--set", "train.max_steps=1", "--set",
                            "evaluate.knn=false", "--run-dir", "run", "--set", "device=cpu"});
  EXPECT_EQ(trained.code, 0) << trained.output;
  EXPECT_EQ(Losses(folder / "run").size(), 1u);

  const Result missing = RunIn(folder.path(), {"validate", "graphs/none.yaml"});
  EXPECT_EQ(missing.code, 2);
  for (const std::string& place : {folder.path(), std::string(FLOWTRAIN_SOURCE_DIR)}) {
    EXPECT_THAT(missing.output, HasSubstr(place + "/graphs/none.yaml"));
  }
}

TEST(Program, TakesTheUsersOwnGraphBeforeTheOneThatShips) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "graphs");
  WriteText(folder / "graphs/simclr.yaml", "name: mine\nnodes: 3\n");
  const Result result = RunIn(folder.path(), {"validate", "graphs/simclr.yaml"});
  EXPECT_EQ(result.code, 2) << result.output;
}

TEST(Program, LooksForTheDataOfTheParametersThatShipBesideThemToo) {
  if (!std::filesystem::exists(kData)) GTEST_SKIP() << "no " << kData;
  const TempFolder folder;  // as a bundle is laid out
  for (const char* name : {"bin", "data", "elsewhere"}) {
    std::filesystem::create_directory(folder / name);
  }
  std::filesystem::copy(FLOWTRAIN_BINARY, folder / "bin");
  for (const char* name : {"graphs", "configs"}) {
    std::filesystem::create_symlink(FLOWTRAIN_SOURCE_DIR "/" + std::string(name), folder / name);
  }
  std::filesystem::create_symlink(kData + "/stl10_mini/stl10_binary", folder / "data/stl10_binary");
  std::vector<std::string> arguments =
      SmallRun("run", {"data.kind=stl10", "train.max_steps=1", "evaluate.knn=false"});
  arguments.front() = "graphs/simclr.yaml";
  Program program(
      arguments, {},
      {"bash", "-c", "cd \"$0/elsewhere\" && exec ../bin/flowtrain \"${@:2}\"", folder.path()});
  EXPECT_EQ(program.Wait(), 0) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("1,500"));
  EXPECT_THAT(ReadText(folder / "elsewhere/run/config.yaml"),
              HasSubstr(folder / "data/stl10_binary"));
}

TEST(Program, TheMainGraphIsAsReviewed) {
  // After a change that is meant: flowtrain inspect graphs/simclr.yaml >
  // tests/golden/simclr.inspect
  const Result result = RunProgram({"inspect", kGraph});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.output, ReadText(FLOWTRAIN_SOURCE_DIR "/tests/golden/simclr.inspect"));
}

TEST(Program, AGraphWithEveryOptionByItselfComesToTheSame) {
  const Result result = RunProgram({"inspect", kLongGraph});
  EXPECT_EQ(result.code, 0) << result.output;
  // A line about retired options comes first; and it gives sizes that the batches would give.
  const std::regex sizes("(views|evaluate)\\.size +96\n");
  EXPECT_THAT(std::regex_replace(result.output, sizes, ""),
              HasSubstr(ReadText(FLOWTRAIN_SOURCE_DIR "/tests/golden/simclr.inspect")));
}

TEST(Program, TheGraphReadsEveryParameterThatShips) {
  const std::string graph = ReadText(kGraph);
  std::istringstream lines(ReadText(FLOWTRAIN_SOURCE_DIR "/configs/stl10_config.yaml"));
  std::string group;
  int keys = 0;
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':'), start = line.find_first_not_of(' ');
    if (start == std::string::npos || line[start] == '#' || colon == std::string::npos) continue;
    const std::string key = line.substr(start, colon - start);
    const size_t value = line.find_first_not_of(' ', colon + 1);
    if (start == 0) group.clear();
    if (value == std::string::npos || line[value] == '#') {
      group = key + '.';
      continue;
    }
    // By itself, or with its section: of that, validation refuses what nobody takes.
    const std::string section = group.substr(0, group.find('.'));
    EXPECT_THAT(graph, AnyOf(HasSubstr("${" + group + key + "}"), HasSubstr("${" + section + "}")));
    EXPECT_THAT(line, HasSubstr("#")) << "no comment: " << line;
    ++keys;
  }
  EXPECT_GT(keys, 50);
}

}  // namespace
}  // namespace flowtrain
