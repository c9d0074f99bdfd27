// `flowtrain timing`, `tune`, `compare`, `workers: auto`, end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// A command on the loader of the sample set.
std::vector<std::string> OnLoader(const std::string& command,
                                  const std::vector<std::string>& extra) {
  std::vector<std::string> arguments = {command, kGraph, "--no-device"};
  for (const char* set : {"data.kind=sample", "sample.images=80", "model.width_multiplier=0.125",
                          "data.image_size=32", "data.batch_size=8", "data.num_workers=1"}) {
    arguments.insert(arguments.end(), {"--set", set});
  }
  arguments.insert(arguments.end(), extra.begin(), extra.end());
  return arguments;
}

TEST(Timing, OfAGraphShowsEveryNodeTheBoundAndAVerdict) {
  const TempFolder folder;
  const Result result = RunProgram(OnLoader(
      "timing", {"--steps", "50", "--seconds", "5", "--sweep", "--trace", folder / "trace.json",
                 "--html", folder / "page.html", "--set", "run.dir=" + (folder / "runs")}));
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_FALSE(std::filesystem::exists(folder / "runs")) << "a measurement is not a run";
  for (const char* word : {"source", "decode", "augment", "stage", "sample slots", "batch buffers",
                           "X*  bound", "X/X*", "alone, images/s", "limit"}) {
    EXPECT_THAT(result.output, HasSubstr(word));
  }
  EXPECT_FALSE(nlohmann::json::parse(ReadText(folder / "trace.json"))["traceEvents"].empty());
  EXPECT_THAT(ReadText(folder / "page.html"), HasSubstr("augment"));
}

TEST(Timing, PrintsOneJsonObject) {
  const TempFolder folder;
  Result result = RunProgram(OnLoader("timing", {"--steps", "20", "--quick", "--json"}));
  ASSERT_EQ(result.code, 0) << result.output;
  const auto json = nlohmann::json::parse(result.output.substr(result.output.find('{')));
  EXPECT_EQ(json["version"], 1);
  EXPECT_GE(json["steps"], 20);
  EXPECT_EQ(json["nodes"].size(), 4u);
  EXPECT_GT(json["bound"]["images_per_s"], 0.0);
  for (const auto& node : json["nodes"]) {
    EXPECT_LE(node["busy"], 1.0);
    EXPECT_LE(node["service_us"]["p50"], node["service_us"]["p99"]);
    EXPECT_LE(node["saturated"].get<double>() + node["starved"].get<double>(), 1.01);
  }
  // The figures can be read again.
  WriteText(folder / "timing.json", json.dump());
  EXPECT_EQ(RunProgram({"timing", folder.path()}).code, 0);
}

TEST(Timing, OfARunIsReadFromItsFolder) {
  const TempFolder folder;
  const Result run =
      RunProgram(SmallRun(folder / "run", {"train.epochs=60", "evaluate.knn=false"}));
  ASSERT_EQ(run.code, 0) << run.output;
  const Result timing = RunProgram({"timing", folder / "run"});
  EXPECT_EQ(timing.code, 0) << timing.output;
  EXPECT_THAT(timing.output, AllOf(HasSubstr("forward_backward"), HasSubstr("X/X*")));
}

TEST(Timing, BadInputExitsWith2AndSaysWhatToDo) {
  const TempFolder folder;
  EXPECT_EQ(RunProgram({"timing", folder.path()}).code, 2);
  WriteText(folder / "timing.json", "{\"format\": \"flowtrain timing\", \"version\": 1}");
  const Result partly = RunProgram({"timing", folder.path()});
  EXPECT_EQ(partly.code, 2);
  EXPECT_THAT(partly.output, HasSubstr("damaged"));
  for (const char* text : {"", "[1, 2", "{}", "{\"format\": 3}"}) {
    WriteText(folder / "timing.json", text);
    const Result result = RunProgram({"timing", folder.path()});
    EXPECT_EQ(result.code, 2) << text << result.output;
  }
  EXPECT_EQ(RunProgram({"timing", "no/such/graph.yaml"}).code, 2);
  const Result nowhere =
      RunProgram(OnLoader("timing", {"--steps", "5", "--quick", "--html", "/no/such/page.html"}));
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_THAT(nowhere.output, HasSubstr("/no/such/page.html"));
}

TEST(Timing, SignalsShowTheTableOfARunningRun) {
  const TempFolder folder;
  Program program(SmallRun(folder / "run", {"train.epochs=4000", "evaluate.knn=false"}));
  ASSERT_TRUE(program.WaitFor("epoch 40/4000"));
  program.Signal(SIGUSR1);
  EXPECT_TRUE(program.WaitFor("X*  bound")) << program.output();
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130);
}

// The program on a terminal of its own: returns all that it showed until it ended.
std::string OnTerminal(const std::vector<std::string>& arguments, const std::string& await,
                       const std::string& keys, const std::string& then) {
  int terminal = -1;
  const pid_t pid = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (pid == 0) {
    std::vector<std::string> copies = arguments;
    copies.insert(copies.begin(), FLOWTRAIN_BINARY);
    std::vector<char*> argv;
    for (std::string& copy : copies) argv.push_back(copy.data());
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  std::string shown;
  std::array<char, 4096> part{};
  bool pressed = false, interrupted = false;
  // A terminal whose other side is gone gives an error in place of an end.
  for (ssize_t count = 0; (count = read(terminal, part.data(), part.size())) > 0;) {
    shown.append(part.data(), static_cast<size_t>(count));
    if (!pressed && shown.find(await) != std::string::npos) {
      pressed = write(terminal, keys.data(), keys.size()) > 0;
    }
    if (pressed && !interrupted && shown.find(then) != std::string::npos) {
      interrupted = kill(pid, SIGINT) == 0;
    }
  }
  int status = 0;
  waitpid(pid, &status, 0);
  close(terminal);
  EXPECT_EQ(WEXITSTATUS(status), 130) << shown;
  return shown;
}

TEST(Timing, TheKeyTShowsTheTableOnATerminal) {
  const TempFolder folder;
  const std::string shown =
      OnTerminal(SmallRun(folder / "run", {"train.epochs=4000", "evaluate.knn=false"}),
                 "epoch 40/4000", "xt", "X*  bound");
  EXPECT_THAT(shown, HasSubstr("forward_backward"));
}

// Two programs that keep all cores busy beside the run.
TEST(Timing, NamesTheShareOfOtherPrograms) {
  std::vector<pid_t> busy;
  for (long i = 0; i < 2 * sysconf(_SC_NPROCESSORS_ONLN); ++i) {
    busy.push_back(fork());
    if (busy.back() == 0) {
      for (volatile unsigned spin = 0;;) spin = spin + 1;
    }
  }
  const Result result =
      RunProgram(OnLoader("timing", {"--steps", "100000", "--seconds", "3", "--quick", "--json"}));
  for (const pid_t pid : busy) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  ASSERT_EQ(result.code, 0) << result.output;
  const auto json = nlohmann::json::parse(result.output.substr(result.output.find('{')));
  if (json["cpu"]["others"].is_null()) GTEST_SKIP() << "this system does not tell";
  // The kernel gives each as much as the run's threads.
  EXPECT_GT(json["cpu"]["others"], 0.3 * json["cpu"]["usable"].get<double>());
  EXPECT_LE(json["cpu"]["others"], 1.05 * json["cpu"]["usable"].get<double>());
  EXPECT_THAT(json["verdict"].get<std::string>(), HasSubstr("ther programs"));
  EXPECT_LE(json["bound"]["share"], 1.0);
}

TEST(Timing, AnOlderTimingWithARateAboveItsBoundIsRaised) {
  const TempFolder folder;
  const Result made = RunProgram(OnLoader("timing", {"--steps", "20", "--quick", "--json"}));
  ASSERT_EQ(made.code, 0) << made.output;
  auto json = nlohmann::json::parse(made.output.substr(made.output.find('{')));
  for (const char* key : {"uncertainty", "limit"}) json.erase(key);
  json["images_per_s"] = 1210.0;
  json["bound"] = {{"images_per_s", 1000.0},
                   {"resource", "the device lane"},
                   {"share", 1.21},
                   {"measured_alone", true},
                   {"resources", {{{"name", "the device lane"}, {"images_per_s", 1000.0}}}}};
  WriteText(folder / "timing.json", json.dump());
  const Result read = RunProgram({"timing", folder.path()});
  EXPECT_EQ(read.code, 0) << read.output;
  EXPECT_THAT(read.output, AllOf(HasSubstr("1210 images/s +/- 21%, set by the device lane"),
                                 HasSubstr("raised from the estimate of 1000 images/s"),
                                 HasSubstr("100%"), Not(HasSubstr("121%"))));
}

TEST(Tune, WritesSettingsThatATrainingTakesAndAnotherGraphRefuses) {
  const TempFolder folder;
  const std::string file = folder / "tuned.yaml";
  const Result tuned = RunProgram(OnLoader("tune", {"--seconds", "0.05", "--to", file}));
  ASSERT_EQ(tuned.code, 0) << tuned.output;
  EXPECT_THAT(tuned.output, AllOf(HasSubstr("augment workers"), HasSubstr("the bound is")));
  EXPECT_THAT(ReadText(file), HasSubstr("flowtrain_tuned: 1"));

  const std::vector<std::string> take = {kGraph, "--tuned", file, "--run-dir", folder / "run"};
  std::vector<std::string> same = take;
  for (const char* set :
       {"data.kind=sample", "sample.images=80", "model.width_multiplier=0.125",
        "data.image_size=32", "data.batch_size=8", "train.max_steps=1", "evaluate.knn=false"}) {
    same.insert(same.end(), {"--set", set});
  }
  const Result taken = RunProgram(same);
  EXPECT_EQ(taken.code, 0) << taken.output;
  EXPECT_THAT(taken.output, HasSubstr("set as tuned"));

  std::vector<std::string> other = take;
  for (const char* set : {"data.kind=sample", "sample.images=80", "model.width_multiplier=0.125",
                          "data.image_size=48", "data.batch_size=8"}) {
    other.insert(other.end(), {"--set", set});
  }
  const Result refused = RunProgram(other);
  EXPECT_EQ(refused.code, 2) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("stage.image_size: 48 here, 32 there"));
}

TEST(Tune, AnInterruptKeepsTheBestSoFar) {
  const TempFolder folder;
  const std::string file = folder / "tuned.yaml";
  Program program(OnLoader("tune", {"--seconds", "2", "--to", file}));
  ASSERT_TRUE(program.WaitFor("the bound is"));
  usleep(300'000);
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130) << program.output();
  EXPECT_THAT(ReadText(file), HasSubstr("threads:"));
}

TEST(AutoWorkers, HaveNoEffectOnWhatIsTrained) {
  const TempFolder folder;
  const std::vector<std::string> extra = {"train.epochs=4", "evaluate.knn=false"};
  std::vector<std::string> automatic = extra;
  automatic.emplace_back("data.num_workers=auto");
  ASSERT_EQ(RunProgram(SmallRun(folder / "fixed", extra)).code, 0);
  const Result result = RunProgram(SmallRun(folder / "auto", automatic));
  ASSERT_EQ(result.code, 0) << result.output;
  const std::vector<double> losses = Losses(folder / "fixed");
  EXPECT_EQ(losses.size(), 12u);
  EXPECT_EQ(losses, Losses(folder / "auto"));
}

TEST(Compare, MeasuresWhatTheMachineCanTryAndNamesTheRest) {
  std::vector<std::string> arguments = {"compare",   kGraph, "--steps", "2",
                                        "--repeats", "1",    "--md"};
  for (const char* set : {"data.kind=sample", "sample.images=80", "model.width_multiplier=0.125",
                          "data.image_size=16", "data.batch_size=4", "gpu.gradient_accumulation=4",
                          "data.num_workers=1", "device=cpu", "model.stem=small"}) {
    arguments.insert(arguments.end(), {"--set", set});
  }
  const Result result = RunProgram(arguments);
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("| gradient accumulation | 1 x 16 |"), HasSubstr("| 4 x 4 |"),
                    HasSubstr("there is no GPU"), HasSubstr("1.5 to 2x, half the memory")));
}

}  // namespace
}  // namespace flowtrain
