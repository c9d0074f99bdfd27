// Several processes that train one network, over Gloo on the loopback address: what one process would
// train, whatever their number.
#include "tests/support/ranks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

constexpr int kSeconds = 120;

// 14 batches an epoch in windows of 12: the last window of an epoch has two, fewer than three or four
// ranks. Four steps.
constexpr int kWindow = 12;
std::vector<std::string> RunOf(const std::string& run_dir, int ranks,
                               const std::vector<std::string>& extra = {}) {
  std::vector<std::string> sets = {
      "data.batch_size=2",        "sample.images=28",
      "data.image_size=8",        "model.stem=small",
      "train.epochs=2",           "train.warmup_epochs=0",
      "evaluate.knn=false",       "data.num_workers=1",
      "distributed.timeout_s=60", "gpu.gradient_accumulation=" + std::to_string(kWindow / ranks)};
  sets.insert(sets.end(), extra.begin(), extra.end());
  return SmallRun(run_dir, sets);
}

// The floating-point tensors of the newest checkpoint, by name.
std::map<std::string, std::vector<float>> Tensors(const std::string& run_dir) {
  namespace fs = std::filesystem;
  std::string newest;
  for (const auto& entry : fs::directory_iterator(run_dir + "/checkpoints")) {
    const std::string path = entry.path().string();
    if (path.ends_with(".safetensors")) newest = std::max(newest, path);
  }
  const std::string file = ReadText(newest);
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  const auto header = nlohmann::json::parse(file.substr(8, header_bytes));
  std::map<std::string, std::vector<float>> tensors;
  for (const auto& [name, tensor] : header.items()) {
    if (name == "__metadata__" || tensor["dtype"] != "F32") continue;
    const size_t begin = tensor["data_offsets"][0], end = tensor["data_offsets"][1];
    std::vector<float> values((end - begin) / sizeof(float));
    std::memcpy(values.data(), file.data() + 8 + header_bytes + begin, end - begin);
    tensors[name] = std::move(values);
  }
  return tensors;
}

// The norm of the difference over the norm, of those tensors whose name has `part`.
double Difference(const std::map<std::string, std::vector<float>>& a,
                  const std::map<std::string, std::vector<float>>& b, const std::string& part) {
  double difference = 0, norm = 0;
  for (const auto& [name, values] : a) {
    if (name.find(part) == std::string::npos) continue;
    const std::vector<float>& others = b.at(name);
    for (size_t i = 0; i < values.size(); ++i) {
      difference += std::pow(double{values[i]} - double{others[i]}, 2);
      norm += std::pow(double{values[i]}, 2);
    }
  }
  return std::sqrt(difference / norm);
}

// The same to rounding. Nothing but a single step from the same state can be compared so closely: a
// training makes much of the smallest difference, and another number of threads moves the gradients
// of its second step by a percent.
void ExpectSame(const std::string& run_dir, const std::string& other, int ranks,
                double tolerance = 1e-5) {
  const auto tensors = Tensors(run_dir), others = Tensors(other);
  ASSERT_EQ(others.size(), tensors.size());
  for (const char* part : {"running_mean", "running_var", "weight", "momentum"}) {
    EXPECT_LT(Difference(tensors, others, part), tolerance) << part << " of " << ranks << " ranks";
  }
  const std::vector<double> losses = Losses(run_dir), other_losses = Losses(other);
  ASSERT_EQ(losses.size(), other_losses.size());
  EXPECT_NEAR(other_losses.back() / losses.back(), 1, 1e-6) << ranks << " ranks";
}

// A copy of the run, resumed for one more step. One process where `ranks` is 1.
void GoOn(const std::string& run_dir, const std::string& copy, int ranks) {
  std::filesystem::copy(run_dir, copy, std::filesystem::copy_options::recursive);
  RankPrograms programs(ranks, {kGraph, "--resume", copy, "--set", "train.max_steps=2"});
  ASSERT_THAT(programs.WaitAtMost(kSeconds), Each(0)) << programs.Outputs();
}

struct Case {
  const char *loss, *accumulation;
  int fewest, most;  // ranks
};

class RanksTrainWhatOneDoes : public testing::TestWithParam<Case> {};

// In the first step each rank has batches of its own, in the second there are fewer than ranks.
TEST_P(RanksTrainWhatOneDoes, WhateverTheirNumber) {
  const std::vector<std::string> extra = {
      "train.loss=" + std::string(GetParam().loss),
      "gpu.accumulation=" + std::string(GetParam().accumulation), "train.learning_rate=0.01",
      "train.max_steps=1"};
  TempFolder folder;
  const std::string first = folder / "first", second = folder / "second";
  const Result alone = RunProgram(RunOf(first, 1, extra));
  ASSERT_EQ(alone.code, 0) << alone.output;
  ASSERT_NO_FATAL_FAILURE(GoOn(first, second, 1));
  for (int ranks = GetParam().fewest; ranks <= GetParam().most; ++ranks) {
    const std::string of = folder / std::to_string(ranks);
    RankPrograms programs(ranks, RunOf(of, ranks, extra));
    ASSERT_THAT(programs.WaitAtMost(kSeconds), Each(0)) << programs.Outputs();
    ExpectSame(first, of, ranks);
    ASSERT_NO_FATAL_FAILURE(GoOn(first, of + "-second", ranks));
    ExpectSame(second, of + "-second", ranks);
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, RanksTrainWhatOneDoes,
                         testing::Values(Case{"nt_xent", "exact", 2, 4},
                                         Case{"barlow_twins", "exact", 3, 3},
                                         Case{"nt_xent", "independent", 3, 3}),
                         [](const auto& info) {
                           return std::string(info.param.loss) + '_' + info.param.accumulation;
                         });

// A process with the batches of all ranks in one.
TEST(Ranks, SynchronisedBatchNormIsThatOfOneLargeBatch) {
  TempFolder folder;
  const auto run = [&](const std::string& name, int ranks, int batch_size, bool sync) {
    const std::vector<std::string> sets = {
        "data.batch_size=" + std::to_string(batch_size), "gpu.gradient_accumulation=1",
        "train.learning_rate=0.01", "train.max_steps=1",
        std::string("distributed.sync_batch_norm=") + (sync ? "true" : "false")};
    RankPrograms programs(ranks, RunOf(folder / name, ranks, sets));
    ASSERT_THAT(programs.WaitAtMost(kSeconds), Each(0)) << programs.Outputs();
  };
  ASSERT_NO_FATAL_FAILURE(run("one", 1, 6, true));
  ASSERT_NO_FATAL_FAILURE(run("three", 3, 2, true));
  ASSERT_NO_FATAL_FAILURE(run("apart", 3, 2, false));
  ExpectSame(folder / "one", folder / "three", 3, 1e-4);  // other kernels
  const auto one = Tensors(folder / "one"), apart = Tensors(folder / "apart");
  EXPECT_GT(Difference(one, apart, "running_var"), 1e-2);
  EXPECT_GT(Difference(one, apart, "momentum"), 1e-2);
}

// Micro-batches, and a last step whose batches do not divide.
TEST(Ranks, SynchronisedBatchNormTakesMicroBatchesAndAnUnevenStep) {
  TempFolder folder;
  RankPrograms programs(3, RunOf(folder / "run", 3, {"distributed.sync_batch_norm=true"}));
  ASSERT_THAT(programs.WaitAtMost(kSeconds), Each(0)) << programs.Outputs();
  EXPECT_EQ(Losses(folder / "run").size(), 4U);
  EXPECT_THAT(programs[0].output(), HasSubstr("a step with 2 batches for 3 ranks"));
}

TEST(Ranks, OneOfThemShowsTheRun) {
  TempFolder folder;
  RankPrograms programs(2, RunOf(folder / "run", 2));
  ASSERT_THAT(programs.WaitAtMost(kSeconds), Each(0)) << programs.Outputs();
  EXPECT_THAT(programs[0].output(), HasSubstr("checkpoint written"));
  EXPECT_EQ(programs[1].output(), "");
  for (const nlohmann::json& line : ReadMetrics(folder / "run")) {
    if (line.contains("step") && line["step"] == 1) {
      EXPECT_EQ(line["images"], 24);
      EXPECT_GT(line["collective_wait_ms"], 0);
      // All parameters at least.
      EXPECT_GT(line["collective_bytes"], 4 * 180'000);
    }
  }
}

// Names and classes of the pictures that the run has drawn a map of, in their order.
std::vector<std::string> PicturesOf(const std::string& run_dir) {
  std::vector<std::string> pictures;
  for (const auto& point :
       nlohmann::json::parse(ReadText(run_dir + "/embedding.json"))["map"]["points"]) {
    pictures.push_back(point["name"].get<std::string>() + ' ' + point["label"].dump());
  }
  return pictures;
}

// The features of each part come from the rank whose part it is.
TEST(Ranks, EvaluateTogetherWhatOneEvaluates) {
  TempFolder folder;
  const std::vector<std::string> extra = {"evaluate.knn=true", "evaluate.pictures=true",
                                          "train.max_steps=1", "train.learning_rate=0"};
  ASSERT_EQ(RunProgram(RunOf(folder / "one", 1, extra)).code, 0);
  RankPrograms programs(3, RunOf(folder / "three", 3, extra));
  ASSERT_THAT(programs.WaitAtMost(kSeconds), Each(0)) << programs.Outputs();
  const nlohmann::json one = ReadMetrics(folder / "one").back();
  const nlohmann::json three = ReadMetrics(folder / "three").back();
  for (const char* key : {"knn_top1_start", "knn_top1", "bank", "queries", "left_out"}) {
    EXPECT_EQ(three[key], one[key]) << key;
  }
  EXPECT_EQ(PicturesOf(folder / "three"), PicturesOf(folder / "one"));
}

TEST(Ranks, TimingShowsAllOfThem) {
  TempFolder folder;
  RankPrograms programs(2, RunOf(folder / "run", 2, {"train.epochs=40"}));
  ASSERT_THAT(programs.WaitAtMost(kSeconds), Each(0)) << programs.Outputs();
  const auto timing = nlohmann::json::parse(ReadText(folder / "run/timing.json"));
  ASSERT_EQ(timing["ranks"].size(), 2U);
  for (size_t rank = 0; rank < 2; ++rank) {
    EXPECT_EQ(timing["ranks"][rank]["rank"], rank);
    EXPECT_GT(timing["ranks"][rank]["waiting"], 0);
    EXPECT_LT(timing["ranks"][rank]["waiting"], 1);
  }
  const Result shown = RunProgram({"timing", folder / "run"});
  EXPECT_THAT(shown.output, HasSubstr("waits for ranks"));
}

// One process that computes as several do: nothing of that costs a bit.
void ExpectTheLossesOfNoGroup(const std::string& backend, const std::vector<std::string>& extra) {
  TempFolder folder;
  const std::string plain = folder / "plain", grouped = folder / "grouped";
  for (const char* accumulation : {"exact", "independent"}) {
    std::vector<std::string> sets = extra;
    sets.push_back("gpu.accumulation=" + std::string(accumulation));
    for (const bool group : {false, true}) {
      std::filesystem::remove_all(group ? grouped : plain);
      if (group) sets.push_back("distributed.backend=" + backend);
      const Result result = RunProgram(RunOf(group ? grouped : plain, 1, sets));
      ASSERT_EQ(result.code, 0) << result.output;
    }
    EXPECT_EQ(Losses(grouped), Losses(plain)) << accumulation;
    EXPECT_EQ(Losses(grouped).size(), 4u);
  }
}

TEST(Ranks, OneOverGlooHasTheLossesOfNoGroup) { ExpectTheLossesOfNoGroup("gloo", {"threads=1"}); }

TEST(Ranks, OneOverNcclHasTheLossesOfNoGroup) {
  if (access("/dev/nvidiactl", F_OK) != 0) GTEST_SKIP() << "there is no NVIDIA GPU";
  // Algorithms that are timed may differ from run to run.
  ExpectTheLossesOfNoGroup("nccl", {"device=cuda", "gpu.cudnn_benchmark=false"});
}

TEST(Ranks, NcclWithoutAGpuIsRefusedByName) {
  TempFolder folder;
  const Result result = RunProgram(RunOf(folder / "run", 1, {"distributed.backend=nccl"}));
  EXPECT_EQ(result.code, 2) << result.output;
  EXPECT_THAT(result.output, HasSubstr("distributed.backend is nccl, which rank 0 cannot use: it "
                                       "computes on cpu, and NCCL is for NVIDIA GPUs"));
}

TEST(Ranks, DifferentBackendsAreRefused) {
  TempFolder folder;
  RankPrograms programs(
      {RunOf(folder / "a", 2), RunOf(folder / "a", 2, {"distributed.backend=gloo"})});
  EXPECT_THAT(programs.WaitAtMost(kSeconds), Each(2)) << programs.Outputs();
  EXPECT_THAT(programs[1].output(),
              HasSubstr("distributed.backend is gloo for rank 1, but auto for rank 0"));
}

TEST(Ranks, OtherParametersAreRefused) {
  TempFolder folder;
  RankPrograms programs({RunOf(folder / "a", 2), RunOf(folder / "a", 2, {"train.seed=43"})});
  const std::vector<int> codes = programs.WaitAtMost(kSeconds);
  EXPECT_EQ(codes[1], 2) << programs.Outputs();
  EXPECT_NE(codes[0], 0);
  EXPECT_THAT(programs[1].output(), AllOf(HasSubstr("rank 1: error"), HasSubstr("train.seed=43")));
  EXPECT_THAT(programs[0].output(), HasSubstr("rank 1 has failed"));
}

TEST(Ranks, ASignalToOneStopsAllAfterTheSameWindow) {
  TempFolder folder;
  RankPrograms programs(2, RunOf(folder / "run", 2, {"train.epochs=200"}));
  ASSERT_TRUE(WaitForSteps(programs[0], folder / "run", 2)) << programs.Outputs();
  programs[1].Signal(SIGTERM);
  EXPECT_THAT(programs.WaitAtMost(kSeconds), Each(130)) << programs.Outputs();
  EXPECT_THAT(programs[0].output(), HasSubstr("checkpoint written"));
}

TEST(Ranks, ARankThatIsKilledEndsTheOthersByName) {
  TempFolder folder;
  RankPrograms programs(3, RunOf(folder / "run", 3, {"train.epochs=200"}));
  ASSERT_TRUE(WaitForSteps(programs[0], folder / "run", 2)) << programs.Outputs();
  programs[2].Signal(SIGKILL);
  const std::vector<int> codes = programs.WaitAtMost(40);
  EXPECT_EQ(codes[0], 1) << programs.Outputs();
  EXPECT_EQ(codes[1], 1) << programs.Outputs();
  for (size_t rank : {0, 1}) EXPECT_THAT(programs[rank].output(), HasSubstr("rank 2 has ended"));
  EXPECT_THAT(programs[0].output(), HasSubstr("checkpoint written"));
}

TEST(Ranks, ARankThatHangsEndsTheOthersByName) {
  TempFolder folder;
  RankPrograms programs(2,
                        RunOf(folder / "run", 2, {"train.epochs=200", "distributed.timeout_s=4"}));
  ASSERT_TRUE(WaitForSteps(programs[0], folder / "run", 2)) << programs.Outputs();
  programs[1].Signal(SIGSTOP);
  EXPECT_EQ(programs[0].WaitAtMost(40), 1) << programs.Outputs();
  EXPECT_THAT(programs[0].output(), HasSubstr("rank 1 has ended or been stopped"));
  programs[1].Signal(SIGKILL);
}

TEST(Ranks, OneThatNeverComesIsNamed) {
  TempFolder folder;
  Program program(RunOf(folder / "run", 2, {"distributed.timeout_s=2"}), [] {
    setenv("RANK", "0", 1);
    setenv("WORLD_SIZE", "2", 1);
    setenv("MASTER_ADDR", "127.0.0.1", 1);
    setenv("MASTER_PORT", std::to_string(FreeLoopbackPort()).c_str(), 1);
  });
  EXPECT_EQ(program.WaitAtMost(40), 2);
  EXPECT_THAT(program.output(), HasSubstr("rank 1 has not connected within 2"));
}

TEST(Ranks, AnotherNumberOfThemGoesOnWithTheRun) {
  TempFolder folder;
  const std::string whole = folder / "whole", parts = folder / "parts";
  ASSERT_EQ(RunProgram(RunOf(whole, 1)).code, 0);
  ASSERT_EQ(RunProgram(RunOf(parts, 1, {"run.checkpoint_every_steps=1", "train.max_steps=3"})).code,
            0);
  // As if it had been stopped there.
  RankPrograms programs(3, {kGraph, "--resume", parts, "--set", "train.max_steps=0"});
  ASSERT_THAT(programs.WaitAtMost(kSeconds), Each(0)) << programs.Outputs();
  EXPECT_EQ(Steps(parts), Steps(whole));
}

TEST(Ranks, CommandsOfOneProcessAreRefused) {
  for (const char* command : {"compare", "bench", "check"}) {
    RankPrograms programs(2, {command, kGraph});
    EXPECT_THAT(programs.WaitAtMost(kSeconds), Each(2)) << programs.Outputs();
    EXPECT_THAT(programs[1].output(), AllOf(HasSubstr(std::string("flowtrain ") + command),
                                            HasSubstr("WORLD_SIZE says")));
  }
}

TEST(Ranks, DevicesStartsThemAndReturnsTheirFailure) {
  TempFolder folder;
  const Result result = RunProgram(With(RunOf(folder / "run", 2), {"--devices", "2"}));
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_EQ(Steps(folder / "run").size(), 4u);
  const Result refused =
      RunProgram(With(RunOf(folder / "other", 2, {"data.batch_size=20"}), {"--devices", "2"}));
  EXPECT_EQ(refused.code, 2) << refused.output;
}

}  // namespace
}  // namespace flowtrain
