#include "nodes/run/run_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <thread>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "tests/support/components.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(RunDir, MakesADatedFolderWithItsFiles) {
  TempFolder temp;
  auto run_dir = Make<RunDir>({{"root", temp / "runs"}, {"name", "simclr"}});
  run_dir->SetResolvedConfig("train: {epochs: 3}\n");
  run_dir->Open(TestContext());
  EXPECT_THAT(std::filesystem::path(run_dir->path()).filename().string(),
              MatchesRegex("simclr-[0-9]{8}-[0-9]{6}"));
  EXPECT_EQ(ReadText(run_dir->path() + "/config.yaml"), "train: {epochs: 3}\n");

  LogInfo("a line of the log");
  run_dir->AppendMetrics("{\"step\":1}");
  run_dir->AppendMetrics("{\"step\":2}");
  // Read while the run is going on: nothing waits in a buffer.
  EXPECT_EQ(ReadText(run_dir->path() + "/metrics.jsonl"), "{\"step\":1}\n{\"step\":2}\n");
  EXPECT_THAT(ReadText(run_dir->path() + "/log.txt"), HasSubstr("a line of the log"));
}

TEST(RunDir, ANameIsOnePartOfAPath) {
  TempFolder temp;
  for (const char* name : {"", ".", "..", "../x", "/x", "a/b", "a/"}) {
    EXPECT_THAT(MessageOf<ConfigError>([&] {
                  Make<RunDir>({{"name", '"' + std::string(name) + '"'}});
                }),
                HasSubstr("name: '" + std::string(name) + "' cannot name a folder"));
  }
}

TEST(RunDir, RunsOfOneSecondGetFoldersOfTheirOwn) {
  TempFolder temp;
  std::vector<std::unique_ptr<RunDir>> runs;
  std::set<std::string> paths;
  for (int i = 0; i < 4; ++i) {
    runs.push_back(Make<RunDir>({{"root", temp.path()}}));
    runs.back()->Open(TestContext());
    paths.insert(runs.back()->path());
  }
  EXPECT_EQ(paths.size(), 4U);
}

TEST(RunDir, TakesTheNamedFolder) {
  TempFolder temp;
  auto run_dir = Make<RunDir>({{"path", temp / "a/b"}});
  run_dir->Open(TestContext());
  EXPECT_EQ(run_dir->path(), temp / "a/b");
  EXPECT_TRUE(std::filesystem::exists(temp / "a/b/config.yaml"));
}

TEST(RunDir, TheHeaderOfTheConfigurationIsInItsFileAlone) {
  TempFolder temp;
  auto run_dir = Make<RunDir>({{"path", temp / "run"}});
  run_dir->SetResolvedConfig("# flowtrain\n# more\na: 1\n# b\n");
  run_dir->Open(TestContext());
  EXPECT_EQ(ReadText(temp / "run/config.yaml"), "# flowtrain\n# more\na: 1\n# b\n");
  EXPECT_EQ(run_dir->resolved_config(), "a: 1\n# b\n");
}

TEST(RunDir, ARunWithoutAStepLeavesNoFolder) {
  TempFolder temp;
  for (const Options& options :
       {Options{{"path", temp / "run"}}, Options{{"root", temp / "runs"}}}) {
    auto run_dir = Make<RunDir>(options);
    run_dir->Open(TestContext());
    const std::string path = run_dir->path();
    std::filesystem::create_directory(path + "/checkpoints");
    run_dir.reset();
    EXPECT_FALSE(std::filesystem::exists(path));
  }
}

TEST(RunDir, WhatARunHasDoneStays) {
  TempFolder temp;
  const auto run = [&](const std::string& name, const std::string& file, bool step) {
    auto run_dir = Make<RunDir>({{"path", temp / name}});
    run_dir->Open(TestContext());
    if (!file.empty()) temp.Write(name + '/' + file, "x");
    if (step) run_dir->AppendMetrics("{\"step\":1}");
  };
  run("step", "", true);
  run("features", "features.npy", false);
  std::filesystem::create_directories(temp / "checkpoint/checkpoints");
  temp.Write("checkpoint/config.yaml", "a: 1\n");
  {
    auto run_dir = Make<RunDir>({{"path", temp / "checkpoint"}, {"go_on", "true"}});
    run_dir->Open(TestContext());
  }
  for (const char* name : {"step", "features", "checkpoint"}) {
    EXPECT_TRUE(std::filesystem::exists(temp / std::string(name) + "/config.yaml")) << name;
  }
}

TEST(RunDir, TakesAFolderWhoseRunWasKilledBeforeItsFirstStep) {
  TempFolder temp;
  temp.Write("config.yaml", "a: 1\n");
  temp.Write("log.txt", "a line\n");
  temp.Write("metrics.jsonl", "");
  std::filesystem::create_directory(temp / "checkpoints");
  auto run_dir = Make<RunDir>({{"path", temp.path()}});
  run_dir->SetResolvedConfig("a: 2\n");
  run_dir->Open(TestContext());
  EXPECT_EQ(ReadText(temp / "config.yaml"), "a: 2\n");
  run_dir->AppendMetrics("{\"step\":1}");
  run_dir.reset();
  // Another file, a checkpoint or a step: the folder is somebody's.
  auto again = Make<RunDir>({{"path", temp.path()}});
  EXPECT_THROW(again->Open(TestContext()), ConfigError);
  again.reset();
  temp.Write("metrics.jsonl", "");
  temp.Write("checkpoints/step-1.safetensors", "x");
  again = Make<RunDir>({{"path", temp.path()}});
  EXPECT_THROW(again->Open(TestContext()), ConfigError);
}

TEST(RunDir, RefusesAFolderThatIsNotEmpty) {
  TempFolder temp;
  temp.Write("metrics.jsonl", "{}\n");
  auto run_dir = Make<RunDir>({{"path", temp.path()}});
  EXPECT_THAT(MessageOf<ConfigError>([&] { run_dir->Open(TestContext()); }), HasSubstr("--resume"));
  EXPECT_EQ(ReadText(temp / "metrics.jsonl"), "{}\n");
}

TEST(RunDir, ARunThatGoesOnTakesBackTheStepsItWillDoAgain) {
  TempFolder temp;
  temp.Write("config.yaml", "a: 1\n");
  const std::string one = "{\"step\":1}\n", two = "{\"step\":2}\n",
                    end = "{\"epoch\":1,\"steps\":2}\n", three = "{\"step\":3}\n",
                    final = "{\"final\":true}\n";
  temp.Write("metrics.jsonl", one + two + end + three + final + "{\"step\":4,\"lo");
  auto run_dir = Make<RunDir>({{"path", temp.path()}, {"go_on", "true"}, {"start_step", "2"}});
  run_dir->Open(TestContext());
  EXPECT_EQ(ReadText(temp / "metrics.jsonl"), one + two + end);
  EXPECT_EQ(ReadText(temp / "metrics.abandoned.jsonl"), three + final + "{\"step\":4,\"lo\n");
  run_dir->AppendMetrics("{\"step\":3}");
  EXPECT_EQ(ReadText(temp / "metrics.jsonl"), one + two + end + three);
}

TEST(RunDir, ARunThatGoesOnLeavesItsFolderAloneUntilItBegins) {
  TempFolder temp;
  const std::string steps = "{\"step\":1}\n{\"step\":2}\n";
  temp.Write("config.yaml", "a: 1\n");
  temp.Write("metrics.jsonl", steps);
  const auto open = [&] {
    auto run_dir = Make<RunDir>({{"path", temp.path()}, {"go_on", "true"}, {"start_step", "1"}});
    run_dir->BeginLater();
    run_dir->SetResolvedConfig("a: 2\n");
    run_dir->Open(TestContext());
    return run_dir;
  };
  open();
  EXPECT_EQ(ReadText(temp / "config.yaml"), "a: 1\n");
  EXPECT_EQ(ReadText(temp / "metrics.jsonl"), steps);
  EXPECT_FALSE(std::filesystem::exists(temp / "log.txt"));
  open()->Begin();
  EXPECT_EQ(ReadText(temp / "config.yaml"), "a: 2\n");
  EXPECT_EQ(ReadText(temp / "metrics.jsonl"), "{\"step\":1}\n");
}

TEST(CheckRunFolder, RefusesWhatOpenWouldRefuseAndMakesNothing) {
  TempFolder temp;
  temp.Write("run/metrics.jsonl", "{}\n");
  temp.Write("file", "x");
  CheckRunFolder(temp / "new/one", false);
  EXPECT_FALSE(std::filesystem::exists(temp / "new"));
  std::filesystem::create_directory(temp / "empty");
  CheckRunFolder(temp / "empty", false);
  EXPECT_THROW(CheckRunFolder(temp / "run", false), ConfigError);
  EXPECT_THROW(CheckRunFolder(temp / "run", true), ConfigError) << "it has no config.yaml";
  temp.Write("run/config.yaml", "a: 1\n");
  CheckRunFolder(temp / "run", true);
  EXPECT_THROW(CheckRunFolder(temp / "file", false), std::runtime_error);
  EXPECT_THROW(CheckRunFolder(temp / "file/run", false), std::runtime_error);
}

TEST(RunDir, NothingIsTakenBackWhereNothingComesLater) {
  TempFolder temp;
  temp.Write("config.yaml", "a: 1\n");
  temp.Write("metrics.jsonl", "{\"step\":1}\n{\"step\":2}");  // no line break
  auto run_dir = Make<RunDir>({{"path", temp.path()}, {"go_on", "true"}, {"start_step", "2"}});
  run_dir->Open(TestContext());
  run_dir->AppendMetrics("{\"step\":3}");
  EXPECT_EQ(ReadText(temp / "metrics.jsonl"), "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
  EXPECT_FALSE(std::filesystem::exists(temp / "metrics.abandoned.jsonl"));
}

TEST(RunDir, AFolderThatHoldsNoRunIsNotGoneOnWith) {
  TempFolder temp;
  temp.Write("letter.txt", "Dear");
  auto run_dir = Make<RunDir>({{"path", temp.path()}, {"go_on", "true"}});
  EXPECT_THAT(MessageOf<ConfigError>([&] { run_dir->Open(TestContext()); }), HasSubstr("no run"));
}

TEST(RunDir, TellsTheFiguresOfTheLastEpoch) {
  TempFolder temp;
  auto run_dir = Make<RunDir>({{"path", temp.path()}});
  EXPECT_FALSE(run_dir->FiguresOf(0).has_value());
  run_dir->NoteEpoch(10, {1.5, 62.0});
  EXPECT_FALSE(run_dir->FiguresOf(20).has_value());
  EXPECT_EQ(run_dir->FiguresOf(10)->loss, 1.5);
  EXPECT_EQ(run_dir->FiguresOf(10)->knn_top1, 62.0);
}

TEST(RunDir, ServesOneRunAtATime) {
  TempFolder temp;
  auto first = Make<RunDir>({{"path", temp.path()}});
  first->Open(TestContext());
  auto second = Make<RunDir>({{"path", temp.path()}, {"go_on", "true"}});
  EXPECT_THAT(MessageOf<ConfigError>([&] { second->Open(TestContext()); }),
              HasSubstr("another run"));
  first.reset();
  EXPECT_NO_THROW(second->Open(TestContext()));
}

TEST(RunDir, AFullDiskIsAnErrorThatSaysSo) {
  TempFolder temp;
  temp.Write("config.yaml", "a: 1\n");
  std::filesystem::create_symlink("/dev/full", temp / "metrics.jsonl");
  auto run_dir = Make<RunDir>({{"path", temp.path()}, {"go_on", "true"}});
  run_dir->Open(TestContext());
  EXPECT_THAT(MessageOf<std::runtime_error>([&] { run_dir->AppendMetrics("{}"); }),
              testing::AllOf(HasSubstr("No space left"), HasSubstr("metrics.jsonl"),
                             HasSubstr("--run-dir")));
}

TEST(RunDir, AFolderThatCannotBeMadeIsAnErrorThatSaysSo) {
  TempFolder temp;
  temp.Write("file", "not a folder");
  auto run_dir = Make<RunDir>({{"root", temp / "file/runs"}});
  EXPECT_THAT(MessageOf<std::runtime_error>([&] { run_dir->Open(TestContext()); }),
              HasSubstr("cannot make the run directory"));
}

TEST(RunDir, LinesOfSeveralThreadsStayWhole) {
  TempFolder temp;
  auto run_dir = Make<RunDir>({{"path", temp.path()}});
  run_dir->Open(TestContext());
  const std::string line(5000, 'x');
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) run_dir->AppendMetrics(line);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ReadLines(temp / "metrics.jsonl"), std::vector<std::string>(300, line));
}

}  // namespace
}  // namespace flowtrain
