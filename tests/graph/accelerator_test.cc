// The program on an accelerator that lives in the host's memory (tests/support/accelerator).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/program.h"
#include "tests/support/with_accelerator.h"

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Result RunOnAccelerator(const std::vector<std::string>& arguments,
                        const std::string& settings = "delay_seed=5") {
  Program program(arguments, WithAccelerator(settings));
  const int code = program.Wait();
  return {code, program.output()};
}

std::vector<std::string> OnAccelerator(const std::string& run_dir,
                                       std::vector<std::string> extra = {}) {
  for (const char* set : {"device=mtia:0", "model.stem=small", "data.image_size=8"})
    extra.insert(extra.begin(), set);
  return SmallRun(run_dir, extra);
}

class AcceleratorProgram : public testing::Test {
 protected:
  void SetUp() override {
#ifdef FLOWTRAIN_SANITIZED
    GTEST_SKIP() << "a sanitizer's own library must come before those of LD_PRELOAD";
#endif
  }
};

// One run on a CPU and one on the accelerator, which the tests compare and go on from.
class OnAnAccelerator : public AcceleratorProgram {
 protected:
  static void SetUpTestSuite() {
#ifdef FLOWTRAIN_SANITIZED
    return;
#endif
    folder_ = new TempFolder;
    for (const char* device : {"cpu", "mtia:0"}) {
      const Result result = RunOnAccelerator(
          OnAccelerator(Run(device), {"sample.images=80", std::string("device=") + device}));
      ASSERT_EQ(result.code, 0) << result.output;
    }
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static std::string Run(const std::string& device) {
    return *folder_ / ("run-" + device.substr(0, 4));
  }
  static nlohmann::json Final(const std::string& run_dir) {
    for (const nlohmann::json& object : ReadMetrics(run_dir)) {
      if (object.contains("final")) return object;
    }
    return {};
  }

  static TempFolder* folder_;
};
TempFolder* OnAnAccelerator::folder_ = nullptr;

TEST_F(OnAnAccelerator, ARunTrainsAsOnACpu) {
  const std::vector<double> losses = Losses(Run("cpu"));
  EXPECT_EQ(losses.size(), 20u);
  EXPECT_EQ(Losses(Run("mtia:0")), losses);
  EXPECT_EQ(Final(Run("mtia:0"))["knn_top1"], Final(Run("cpu"))["knn_top1"]);
  for (const nlohmann::json& object : ReadMetrics(Run("mtia:0"))) {
    EXPECT_FALSE(object.contains("gpu_utilization")) << "there is no NVML";
  }
}

TEST_F(OnAnAccelerator, EveryEvaluationGraphFindsWhatACpuFinds) {
  const TempFolder folder;
  for (const char* graph : {"knn", "linear_probe", "embed"}) {
    for (const char* device : {"cpu", "mtia:0"}) {
      const Result result = RunOnAccelerator(
          {kRoot + "/graphs/" + graph + ".yaml", "--run-dir",
           folder / (std::string(graph) + device), "--set", std::string("device=") + device,
           "--set", "threads=1", "--set", "data.num_workers=2", "--set", "data.batch_size=32",
           "--set", "checkpoint=" + Run("mtia:0")});
      ASSERT_EQ(result.code, 0) << graph << ' ' << device << '\n' << result.output;
    }
    const std::string on_cpu = folder / (std::string(graph) + "cpu"),
                      ours = folder / (std::string(graph) + "mtia:0");
    EXPECT_EQ(Final(ours), Final(on_cpu)) << graph;
  }
  EXPECT_EQ(ReadText(folder / "embedmtia:0/embeddings.npy"),
            ReadText(folder / "embedcpu/embeddings.npy"));
}

TEST_F(OnAnAccelerator, LongAKilledRunGoesOn) {
  const TempFolder folder;
  const std::vector<std::string> extra = {"sample.images=80", "run.checkpoint_every_steps=2"};
  std::vector<std::string> arguments = OnAccelerator(folder / "run", extra);
  Program program(arguments, WithAccelerator("delay_seed=6"));
  ASSERT_TRUE(WaitForSteps(program, folder / "run", 4));
  program.Signal(SIGKILL);
  program.Wait();
  arguments.emplace_back("--resume");
  const Result result = RunOnAccelerator(arguments);
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_EQ(Losses(folder / "run"), Losses(Run("cpu")));
}

TEST_F(AcceleratorProgram, AutoTakesItWithMixedPrecision) {
  const TempFolder folder;
  const Result result = RunOnAccelerator(OnAccelerator(
      folder / "run", {"device=auto", "gpu.mixed_precision=true", "evaluate.knn=false"}));
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, AllOf(HasSubstr("MTIA device 0"), HasSubstr("FP16")));
}

TEST_F(AcceleratorProgram, TooLittleMemoryMakesSmallerMicroBatches) {
  const TempFolder folder;
  const Result result =
      RunOnAccelerator(OnAccelerator(folder / "run", {"evaluate.knn=false", "train.max_steps=2"}),
                       "fail_allocation=700");
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("out of memory: the step is computed again"));
}

TEST_F(AcceleratorProgram, TooLittleMemoryForOneImageEndsTheRun) {
  const TempFolder folder;
  const Result result = RunOnAccelerator(OnAccelerator(folder / "run", {"evaluate.knn=false"}),
                                         "fail_allocation=700 fails_forever=1");
  EXPECT_EQ(result.code, 1) << result.output;
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("too little memory for micro-batches of 1 image"),
                    HasSubstr("lower data.image_size"), Not(HasSubstr("CUDA out of memory"))));
}

TEST_F(AcceleratorProgram, TheSecondDeviceTrainsWithoutTheFirst) {
  const TempFolder folder;
  const Result result = RunOnAccelerator(
      OnAccelerator(folder / "run", {"device=mtia:1", "evaluate.every_epochs=1"}), "report=1");
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, AllOf(HasSubstr("MTIA device 1"), HasSubstr("device 1 was used"),
                                   HasSubstr("device 0 was not touched")));
}

TEST_F(OnAnAccelerator, WithoutPageLockedMemoryItTrainsTheSame) {
  const TempFolder folder;
  const Result result =
      RunOnAccelerator(OnAccelerator(folder / "run", {"sample.images=80"}), "pinned_fails=1");
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("no more memory can be page-locked"));
  EXPECT_EQ(Losses(folder / "run"), Losses(Run("cpu")));
}

// What was copied to the host is in a checkpoint, which is named, and from which the run goes on as
// if nothing had happened.
TEST_F(OnAnAccelerator, ALostDeviceLeavesACheckpointOfTheLastWholeStep) {
  const TempFolder folder;
  const std::string run = folder / "run";
  const std::vector<std::string> arguments =
      OnAccelerator(run, {"sample.images=80", "run.checkpoint_every_steps=1"});
  const Result lost = RunOnAccelerator(arguments, "lost_after=6000");
  ASSERT_EQ(lost.code, 1) << lost.output;
  EXPECT_THAT(lost.output, HasSubstr("unspecified launch failure"));
  std::smatch told;
  ASSERT_TRUE(std::regex_search(
      lost.output, told,
      std::regex(
          "the last checkpoint is that of step (\\d+): (\\S+); steps that are lost: (\\d+)")))
      << lost.output;
  const int step = std::stoi(told[1]);
  EXPECT_GT(step, 1);
  EXPECT_LT(step, 20);
  EXPECT_LE(std::stoi(told[3]), 1);  // the one under way
  EXPECT_TRUE(std::filesystem::exists(told[2].str())) << told[2];
  // No step after it has been reported, and none is missing before it but what was on the device.
  EXPECT_LE(Losses(run).size(), static_cast<size_t>(step));
  EXPECT_GE(Losses(run).size() + 2, static_cast<size_t>(step));

  const Result resumed = RunOnAccelerator(With(arguments, {"--resume"}));
  ASSERT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("after step " + std::to_string(step)));
  EXPECT_EQ(Losses(run), Losses(Run("cpu")));
}

TEST_F(AcceleratorProgram, ALostDeviceWithoutACheckpointIsToldToo) {
  for (const char* lost :
       {"lost_after=1500", "lost_after=2500"}) {  // the latter when all is queued
    const TempFolder folder;
    const Result result = RunOnAccelerator(
        OnAccelerator(folder / "run", {"evaluate.knn=false", "run.checkpoint_every_epochs=0"}),
        lost);
    EXPECT_EQ(result.code, 1) << result.output;
    EXPECT_THAT(result.output, AllOf(HasSubstr("unspecified launch failure"),
                                     HasSubstr("there is no checkpoint yet")));
  }
}

TEST_F(AcceleratorProgram, ADeviceThatCannotBeUsedIsNamed) {
  const TempFolder folder;
  const auto run = [&](const char* device, const char* settings,
                       const std::vector<std::string>& extra = {}) {
    std::vector<std::string> all = {std::string("device=") + device};
    all.insert(all.end(), extra.begin(), extra.end());
    const Result result = RunOnAccelerator(OnAccelerator(folder / "run", all), settings);
    EXPECT_EQ(result.code, 2) << result.output;
    return result.output;
  };
  EXPECT_THAT(run("mtia:0", "busy=1"),
              AllOf(HasSubstr("'mtia:0' cannot be used"), HasSubstr("busy or unavailable")));
  EXPECT_THAT(run("mtia:0", "devices=0"), HasSubstr("the driver shows no such device"));
  EXPECT_THAT(run("mtia:1", "devices=1"), HasSubstr("does not exist"));
  EXPECT_THAT(run("xpu:0", ""), HasSubstr("'xpu:0' cannot be used"));
  EXPECT_THAT(run("mtia:0", "", {"gpu.memory_limit=0.5"}), HasSubstr("leave it empty"));
}

TEST_F(AcceleratorProgram, LongCompareTriesPinnedMemoryAndCacheEmptying) {
  std::vector<std::string> arguments = {"compare",   kGraph, "--steps", "2",
                                        "--repeats", "1",    "--md"};
  for (const char* set : {"data.kind=sample", "sample.images=80", "model.width_multiplier=0.125",
                          "data.image_size=8", "data.batch_size=2", "gpu.gradient_accumulation=2",
                          "data.num_workers=1", "device=mtia:0", "model.stem=small"}) {
    arguments.insert(arguments.end(), {"--set", set});
  }
  const Result result = RunOnAccelerator(arguments, "");
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, AllOf(HasSubstr("pinned memory"), HasSubstr("cache emptying"),
                                   HasSubstr("not tried: a batch of 1 is too small"),
                                   Not(HasSubstr("there is no GPU"))));
}

TEST_F(AcceleratorProgram, TimingHasColumnsForCopiesAndComputation) {
  std::vector<std::string> arguments = {"timing",   kGraph, "--steps", "3",
                                        "--warmup", "1",    "--json"};
  for (const char* set : {"data.kind=sample", "sample.images=80", "model.width_multiplier=0.125",
                          "data.image_size=8", "data.batch_size=4", "data.num_workers=1",
                          "device=mtia:0", "model.stem=small", "gpu.mixed_precision=false"}) {
    arguments.insert(arguments.end(), {"--set", set});
  }
  const Result result = RunOnAccelerator(arguments, "");
  ASSERT_EQ(result.code, 0) << result.output;
  const auto json = nlohmann::json::parse(result.output.substr(result.output.find('{')));
  EXPECT_GT(json["device"]["compute"], 0.0) << result.output;
  EXPECT_GT(json["device"]["copy"], 0.0);
  EXPECT_LE(json["device"]["compute"], 1.0);
  EXPECT_TRUE(json["device"]["gpu"].is_null()) << result.output;  // there is no NVML
}

// With NVIDIA's management library beside it, or the stand-in for that, which knows its devices.
Result RunBesideNvml(const std::vector<std::string>& arguments) {
  const auto set_up = [] {
    WithAccelerator("")();
    setenv("LD_LIBRARY_PATH", FLOWTRAIN_TEST_NVIDIA_FOLDER, 1);
    setenv("FLOWTRAIN_TEST_NVIDIA", "gpus=2 used=1.75", 1);
  };
  Program program(arguments, set_up);
  const int code = program.Wait();
  return {code, program.output()};
}

TEST_F(AcceleratorProgram, WhatNvmlSaysOfTheDeviceIsShownWhileItTrains) {
  const TempFolder folder;
  const Result result = RunBesideNvml(
      OnAccelerator(folder / "run", {"device=mtia:1", "train.max_steps=2", "evaluate.knn=false"}));
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("GPU 98%, 1.8 GiB used, 72 C, 166 W"));
  int steps = 0;
  for (const nlohmann::json& object : ReadMetrics(folder / "run")) {
    if (!object.contains("step")) continue;
    ++steps;
    EXPECT_EQ(object["gpu_utilization"], 0.98);
    EXPECT_EQ(object["gpu_used_bytes"], 7ULL << 28U);
    EXPECT_EQ(object["gpu_temperature_c"], 72);
    EXPECT_EQ(object["gpu_power_w"], 166.5);
  }
  EXPECT_EQ(steps, 2);
}

TEST_F(AcceleratorProgram, WhatNvmlSaysOfTheDeviceIsInTheTiming) {
  const TempFolder folder;
  std::vector<std::string> arguments = {
      "timing", kGraph,    "--steps", "3",      "--warmup",
      "1",      "--quick", "--json",  "--html", folder / "page.html"};
  for (const char* set : {"data.kind=sample", "sample.images=80", "model.width_multiplier=0.125",
                          "data.image_size=8", "data.batch_size=4", "data.num_workers=1",
                          "device=mtia:1", "model.stem=small", "gpu.mixed_precision=false"}) {
    arguments.insert(arguments.end(), {"--set", set});
  }
  const Result result = RunBesideNvml(arguments);
  ASSERT_EQ(result.code, 0) << result.output;
  const size_t begin = result.output.find('{');
  const std::string json = result.output.substr(begin, result.output.rfind('}') + 1 - begin);
  const nlohmann::json gpu = nlohmann::json::parse(json)["device"]["gpu"];
  EXPECT_NEAR(gpu["utilization"], 0.98, 1e-9) << json;
  EXPECT_EQ(gpu["used_bytes"], 7ULL << 28U);
  EXPECT_EQ(gpu["temperature_c"], 72);
  EXPECT_EQ(gpu["power_w"], 166.5);
  EXPECT_THAT(ReadText(folder / "page.html"), HasSubstr("\"power_w\":166.5"));
  WriteText(folder / "timing.json", json);
  const Result text = RunProgram({"timing", folder / "timing.json"});
  EXPECT_THAT(text.output, HasSubstr("; the GPU at 98%, 1.8 GiB used, 72 C, 166 W"));
}

}  // namespace
}  // namespace flowtrain
