// What the program reports and judges: figures that are right, or refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// A run of few small images; 20 are 5 batches of 4.
std::vector<std::string> FewImages(const std::string& run_dir,
                                   const std::vector<std::string>& extra = {}) {
  std::vector<std::string> sets = {"sample.images=20", "data.image_size=8", "model.stem=small",
                                   "evaluate.knn=false"};
  sets.insert(sets.end(), extra.begin(), extra.end());
  return SmallRun(run_dir, sets);
}

std::vector<std::string> JudgedBy(const std::string& graph, const std::string& checkpoint,
                                  const std::string& run_dir,
                                  const std::vector<std::string>& extra = {}) {
  std::vector<std::string> arguments = {kRoot + "/graphs/" + graph, "--run-dir", run_dir};
  for (const std::string& set : {std::string("device=cpu"), std::string("threads=1"),
                                 std::string("data.num_workers=2"), "checkpoint=" + checkpoint}) {
    arguments.insert(arguments.end(), {"--set", set});
  }
  for (const std::string& set : extra) arguments.insert(arguments.end(), {"--set", set});
  return arguments;
}

nlohmann::json FinalOf(const std::string& run_dir) {
  for (const nlohmann::json& object : ReadMetrics(run_dir)) {
    if (object.contains("final")) return object;
  }
  return {};
}

std::vector<double> RatesOf(const std::string& run_dir) {
  std::vector<double> rates;
  for (const nlohmann::json& object : ReadMetrics(run_dir)) {
    if (object.contains("step")) rates.push_back(object["lr"]);
  }
  return rates;
}

// A run whose first step throws the network out of all bounds: of three steps an epoch.
class Diverged : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    result_ = RunProgram(
        FewImages(Path(), {"train.learning_rate=1.0e+300", "train.warmup_epochs=0",
                           "evaluate.knn=true", "evaluate.every_epochs=1", "train.epochs=2"}));
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static std::string Path() { return *folder_ / "run"; }
  static std::string Checkpoint() { return Path() + "/checkpoints/step-00000006.safetensors"; }

  static TempFolder* folder_;
  static Result result_;
};
TempFolder* Diverged::folder_ = nullptr;
Result Diverged::result_;

TEST_F(Diverged, HasNoAccuracyAndNoBestCheckpoint) {
  EXPECT_EQ(result_.code, 1) << result_.output;
  EXPECT_THAT(result_.output, HasSubstr("no kNN accuracy: the training has diverged"));
  EXPECT_THAT(result_.output, HasSubstr("error: the training has diverged: after step 6 "));
  EXPECT_THAT(result_.output, HasSubstr("There is no checkpoint from before: begin again"));
  const nlohmann::json final = FinalOf(Path());
  ASSERT_TRUE(final.contains("knn_top1")) << final;
  EXPECT_TRUE(final["knn_top1"].is_null());
  EXPECT_TRUE(final["knn_top1_start"].is_number());
  for (const nlohmann::json& object : ReadMetrics(Path())) {
    if (!object.contains("final")) {
      EXPECT_FALSE(object.contains("knn_top1")) << object;
    }
  }
  EXPECT_FALSE(fs::exists(Path() + "/checkpoints/best.json"));
  EXPECT_TRUE(fs::exists(Checkpoint()));
}

TEST_F(Diverged, ItsWeightsAreRefusedWhereverTheyAreRead) {
  const TempFolder folder;
  const std::vector<std::vector<std::string>> readers = {
      JudgedBy("knn.yaml", Checkpoint(), folder / "knn"),
      JudgedBy("linear_probe.yaml", Checkpoint(), folder / "probe"),
      JudgedBy("embed.yaml", Checkpoint(), folder / "embed"),
      With(FewImages(folder / "init"), {"--init", Checkpoint()}),
      {kGraph, "--resume", Checkpoint(), "--run-dir", folder / "resumed"},
      {"export", Checkpoint(), "--to", folder / "weights.safetensors"},
      {"digest", Checkpoint()}};
  for (const std::vector<std::string>& arguments : readers) {
    const Result result = RunProgram(arguments);
    EXPECT_EQ(result.code, 1) << arguments[0] << ' ' << result.output;
    EXPECT_THAT(result.output, HasSubstr("is not finite")) << arguments[0];
  }
  EXPECT_FALSE(fs::exists(folder / "weights.safetensors"));
  EXPECT_FALSE(fs::exists(folder / "embed/embeddings.npy"));
}

// Its weights are finite, but so large that no output is.
TEST(Diverging, ANetworkOfHugeWeightsHasNoAccuracyEither) {
  const TempFolder folder;
  const std::string run = folder / "run";
  const Result result =
      RunProgram(FewImages(run, {"train.learning_rate=1.0e+30", "train.warmup_epochs=0",
                                 "evaluate.knn=true", "train.epochs=1"}));
  EXPECT_EQ(result.code, 1) << result.output;
  EXPECT_THAT(result.output, HasSubstr("no kNN accuracy: the network's output is not finite"));
  EXPECT_TRUE(FinalOf(run)["knn_top1"].is_null());
  EXPECT_FALSE(fs::exists(run + "/checkpoints/best.json"));
  for (const char* graph : {"knn.yaml", "linear_probe.yaml", "embed.yaml"}) {
    const Result judged = RunProgram(JudgedBy(graph, run, folder / graph));
    EXPECT_EQ(judged.code, 1) << judged.output;
    EXPECT_THAT(judged.output, HasSubstr("the network's output is not finite for"));
    EXPECT_TRUE(FinalOf(folder / graph).is_null());
    EXPECT_FALSE(fs::exists(folder / (std::string(graph) + "/embeddings.npy")));
  }
}

TEST(BestCheckpoint, StaysWhenTheTrainingDivergesLater) {
  const TempFolder folder;
  const std::string run = folder / "run";
  ASSERT_EQ(RunProgram(FewImages(run, {"train.epochs=1"})).code, 0);
  ASSERT_THAT(ReadText(run + "/checkpoints/best.json"), HasSubstr("step-00000003"));
  const Result result = RunProgram({kGraph, "--resume", run, "--set", "train.epochs=6", "--set",
                                    "train.learning_rate=1.0e+300", "--resume-anyway"});
  EXPECT_EQ(result.code, 1) << result.output;
  EXPECT_THAT(result.output,
              HasSubstr("The last checkpoint from before is " + run +
                        "/checkpoints/step-00000003.safetensors: go on from it with --resume"));
  EXPECT_THAT(ReadText(run + "/checkpoints/best.json"), HasSubstr("step-00000003"));
  EXPECT_TRUE(fs::exists(run + "/checkpoints/step-00000003.safetensors"));
  // The newest ones are passed over, and the run goes on from the one before the divergence.
  const Result digest = RunProgram({"digest", run});
  EXPECT_EQ(digest.code, 0);
  EXPECT_THAT(digest.output, AllOf(HasSubstr("passed over"), HasSubstr("  step 3  ")));
}

// 5 batches in windows of 2, 2 and 1.
TEST(Banner, TellsOfTheShorterLastWindowWhichDoesNotBendTheRate) {
  const TempFolder folder;
  const Result result =
      RunProgram(FewImages(folder / "run", {"train.lr_scaling=linear", "train.learning_rate=0.32",
                                            "train.warmup_epochs=0", "train.epochs=1"}));
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output,
              HasSubstr("2 steps (effective batch = 4 x 2 = 8; 4 x 1 = 4 at the end of an epoch)"));
  EXPECT_THAT(result.output, HasSubstr("14 per anchor; 6 at the end of an epoch"));
  EXPECT_THAT(result.output,
              HasSubstr("0.32 x 8 / 256 = 0.01, then along a cosine to 0 at step 3"));
  const std::vector<double> rates = RatesOf(folder / "run");
  ASSERT_EQ(rates.size(), 3u);
  EXPECT_NEAR(rates[0], 0.01, 1e-9);
  EXPECT_NEAR(rates[1], 0.01 * 0.75, 1e-9);
  EXPECT_NEAR(rates[2], 0.01 * 0.25, 1e-9) << "of the step with half the images";
}

TEST(Banner, ARunResumedAtTheShorterWindowHasTheSameRate) {
  const TempFolder folder;
  const std::vector<std::string> sets = {"train.lr_scaling=linear", "train.warmup_epochs=0",
                                         "train.epochs=1", "run.checkpoint_every_steps=2"};
  ASSERT_EQ(RunProgram(FewImages(folder / "whole", sets)).code, 0);
  const Result resumed =
      RunProgram({kGraph, "--resume", folder / "whole/checkpoints/step-00000002.safetensors",
                  "--run-dir", folder / "branch"});
  ASSERT_EQ(resumed.code, 0) << resumed.output;
  ASSERT_EQ(RatesOf(folder / "branch").size(), 1u);
  EXPECT_EQ(RatesOf(folder / "branch")[0], RatesOf(folder / "whole")[2]);
}

TEST(Banner, AnEpochOfFewerBatchesThanAWindowIsTold) {
  const TempFolder folder;
  const Result result =
      RunProgram(FewImages(folder / "run", {"gpu.gradient_accumulation=8", "train.max_steps=1",
                                            "train.lr_scaling=linear", "train.learning_rate=0.32",
                                            "train.warmup_epochs=0"}));
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("5 steps, all that an epoch has, not 8 (effective batch = "
                                       "4 x 5 = 20)"));
  EXPECT_THAT(result.output, HasSubstr("38 per anchor\n"));
  EXPECT_THAT(result.output, HasSubstr("an epoch has 5 batches, fewer than the 8 of a step"));
  EXPECT_THAT(result.output, HasSubstr("0.32 x 20 / 256 = 0.025"));
  EXPECT_NEAR(RatesOf(folder / "run")[0], 0.025, 1e-9);
}

TEST(WarmUp, KeepsItsSlopeInAShorterRunAndAcrossResumes) {
  const TempFolder folder;
  const std::vector<std::string> sets = {"train.warmup_epochs=4", "train.learning_rate=0.12"};
  const std::string run = folder / "run";  // three steps an epoch, twelve of warm-up
  const Result first = RunProgram(FewImages(run, With(sets, {"train.max_steps=2"})));
  ASSERT_EQ(first.code, 0) << first.output;
  EXPECT_THAT(first.output, HasSubstr("rises to 0.02: the run ends after 2 of the 12 steps of the "
                                      "warm-up to 0.12"));
  ASSERT_EQ(RunProgram({kGraph, "--resume", run, "--set", "train.max_steps=4"}).code, 0);
  const std::vector<double> rates = RatesOf(run);
  ASSERT_EQ(rates.size(), 4u);
  for (size_t step = 0; step < rates.size(); ++step) {
    EXPECT_NEAR(rates[step], 0.01 * static_cast<double>(step + 1), 1e-12) << step;
  }
}

TEST(Resume, WithInitIsRefused) {
  const TempFolder folder;
  const Result result =
      RunProgram(With(FewImages(folder / "run"), {"--resume", "--init", folder / "w.safetensors"}));
  EXPECT_EQ(result.code, 2) << result.output;
  EXPECT_THAT(result.output, AllOf(HasSubstr("--resume"), HasSubstr("--init")));
  EXPECT_FALSE(fs::exists(folder / "run"));
}

TEST(Resume, AnywayWithOtherBatchesGoesOnOrSaysAtOnceThatItCannot) {
  const TempFolder folder;
  const std::string run = folder / "run";
  ASSERT_EQ(RunProgram(FewImages(run, {"sample.images=24", "train.epochs=1"})).code, 0);  // 3 steps
  const std::string config = ReadText(run + "/config.yaml"), log = ReadText(run + "/log.txt");
  const Result cannot =
      RunProgram({kGraph, "--resume", run, "--set", "train.epochs=2", "--set",
                  "gpu.gradient_accumulation=1", "--resume-anyway", "--set", "evaluate.knn=true"});
  EXPECT_EQ(cannot.code, 2) << cannot.output;
  EXPECT_THAT(cannot.output,
              AllOf(HasSubstr("an epoch has 6 steps now and had 3"),
                    HasSubstr("gpu.gradient_accumulation (2 -> 1)"), HasSubstr("--init")));
  EXPECT_THAT(cannot.output, Not(HasSubstr("kNN top-1")));
  EXPECT_EQ(ReadText(run + "/config.yaml"), config) << "a run that is refused changes nothing";
  EXPECT_EQ(ReadText(run + "/log.txt"), log);
  // As many images a step in smaller batches.
  const Result goes_on =
      RunProgram({kGraph, "--resume", run, "--set", "train.epochs=2", "--set", "data.batch_size=2",
                  "--set", "gpu.gradient_accumulation=4", "--resume-anyway"});
  EXPECT_EQ(goes_on.code, 0) << goes_on.output;
  EXPECT_EQ(Steps(run), (std::vector<uint64_t>{1, 2, 3, 4, 5, 6}));
}

// The epoch that is interrupted is the one with the lowest loss, or not: the same best as if it had
// not been.
TEST(Resume, InTheMiddleOfAnEpochChangesNeitherItsFiguresNorTheBest) {
  const TempFolder folder;
  const std::vector<std::string> sets = {"train.epochs=3", "run.checkpoint_every_steps=1",
                                         "run.keep_checkpoints=20"};
  ASSERT_EQ(RunProgram(FewImages(folder / "whole", sets)).code, 0);
  const auto epochs = [](const std::string& run) {
    std::vector<std::pair<double, int>> lines;
    for (const nlohmann::json& object : ReadMetrics(run)) {
      if (object.contains("steps")) lines.emplace_back(object["loss"], object["images"]);
    }
    return lines;
  };
  ASSERT_EQ(epochs(folder / "whole").size(), 3u);
  fs::copy(folder / "whole", folder / "resumed", fs::copy_options::recursive);
  const std::string run = folder / "resumed";
  for (int step = 6; step <= 9; ++step) {
    fs::remove(run + "/checkpoints/step-0000000" + std::to_string(step) + ".safetensors");
  }
  const Result result = RunProgram({kGraph, "--resume", run});  // after step 5, in the second epoch
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_EQ(epochs(run), epochs(folder / "whole"));
  const auto best = [](const std::string& of) {
    return nlohmann::json::parse(ReadText(of + "/checkpoints/best.json"))["checkpoint"];
  };
  EXPECT_EQ(best(run), best(folder / "whole"));
  // In a folder of its own the part of the epoch before is not known, so that epoch is not judged.
  const Result branch =
      RunProgram({kGraph, "--resume", folder / "whole/checkpoints/step-00000005.safetensors",
                  "--run-dir", folder / "branch", "--set", "train.max_steps=6"});
  ASSERT_EQ(branch.code, 0) << branch.output;
  EXPECT_FALSE(fs::exists(folder / "branch/checkpoints/best.json"));
}

TEST(Resume, KeepsTheAccuracyOfTheUntrainedBackbone) {
  const TempFolder folder;
  const std::vector<std::string> sets = {"evaluate.knn=true", "train.epochs=2", "sample.images=80",
                                         "data.batch_size=8", "train.learning_rate=0.5"};
  const std::string run = folder / "run";
  ASSERT_EQ(RunProgram(FewImages(run, With(sets, {"train.max_steps=3"}))).code, 0);
  const nlohmann::json start = FinalOf(run)["knn_top1_start"];
  ASSERT_TRUE(start.is_number());
  const std::string branch = folder / "branch";
  const Result branched =
      RunProgram({kGraph, "--resume", run + "/checkpoints/step-00000003.safetensors", "--run-dir",
                  branch, "--set", "train.max_steps=4"});
  ASSERT_EQ(branched.code, 0) << branched.output;
  EXPECT_EQ(FinalOf(branch)["knn_top1_start"], start);
  const Result again = RunProgram({kGraph, "--resume", branch, "--set", "train.max_steps=5"});
  ASSERT_EQ(again.code, 0) << again.output;
  EXPECT_EQ(FinalOf(branch)["knn_top1_start"], start);
  EXPECT_THAT(again.output, Not(HasSubstr("kNN top-1 at the start:")));
}

TEST(Interrupt, InTheEvaluationBeforeTheFirstStepPromisesNoCheckpoint) {
  const TempFolder folder;
  const std::string run = folder / "run";
  Program program(FewImages(
      run, {"evaluate.knn=true", "sample.images=200000", "data.image_size=32", "train.epochs=50"}));
  ASSERT_TRUE(program.WaitFor("Run directory")) << program.output();
  usleep(300'000);
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("stopping: no step is under way"));
  EXPECT_THAT(program.output(), Not(HasSubstr("checkpoint;")));
  EXPECT_FALSE(fs::exists(run)) << "a run without a step leaves no folder";
}

TEST(Interrupt, OfAnEvaluationPromisesNoCheckpoint) {
  const TempFolder folder;
  ASSERT_EQ(RunProgram(FewImages(folder / "run", {"train.max_steps=1"})).code, 0);
  Program program(JudgedBy("knn.yaml", folder / "run", folder / "knn",
                           {"sample.images=200000", "data.image_size=32"}));
  ASSERT_TRUE(program.WaitFor("Run directory")) << program.output();
  usleep(300'000);
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130) << program.output();
  EXPECT_THAT(program.output(), AllOf(HasSubstr("stopping before the end: there is no result"),
                                      HasSubstr("interrupted: there is no result")));
  EXPECT_TRUE(FinalOf(folder / "knn").is_null());
}

class Judged : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    const Result result = RunProgram(
        FewImages(Run(), {"sample.images=80", "train.max_steps=1", "evaluate.knn=true"}));
    ASSERT_EQ(result.code, 0) << result.output;
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static std::string Run() { return *folder_ / "trained"; }

  static TempFolder* folder_;
};
TempFolder* Judged::folder_ = nullptr;

TEST_F(Judged, FinalLinesHaveCountsAndTheBannerNamesTheImages) {
  const TempFolder folder;
  const nlohmann::json trained = FinalOf(Run());
  EXPECT_EQ(trained["bank"], 80);
  EXPECT_EQ(trained["queries"], 20);
  EXPECT_EQ(trained["left_out"], 0);

  const Result knn = RunProgram(JudgedBy("knn.yaml", Run(), folder / "knn"));
  ASSERT_EQ(knn.code, 0) << knn.output;
  const nlohmann::json line = FinalOf(folder / "knn");
  EXPECT_EQ(line["bank"], 80);
  EXPECT_EQ(line["queries"], 20);
  EXPECT_EQ(line["left_out"], 0);
  EXPECT_EQ(line["neighbours"], 80);
  EXPECT_THAT(knn.output,
              AllOf(HasSubstr("pictures to train on, 80 images (bank)"),
                    HasSubstr("new pictures, 20 images (queries)"),
                    HasSubstr("is 200, and the bank has only 80 images: all of them vote")));

  const Result probe =
      RunProgram(JudgedBy("linear_probe.yaml", Run(), folder / "probe", {"linear.epochs=2"}));
  ASSERT_EQ(probe.code, 0) << probe.output;
  EXPECT_EQ(FinalOf(folder / "probe")["bank"], 80);
  EXPECT_EQ(FinalOf(folder / "probe")["queries"], 20);
  EXPECT_EQ(FinalOf(folder / "probe")["left_out"], 0);
}

TEST_F(Judged, ASmallTemperatureIsTheNearestNeighbourAlone) {
  const TempFolder folder;
  ASSERT_EQ(RunProgram(JudgedBy("knn.yaml", Run(), folder / "one", {"knn.neighbours=1"})).code, 0);
  ASSERT_EQ(RunProgram(JudgedBy("knn.yaml", Run(), folder / "cold",
                                {"knn.temperature=0.001", "knn.neighbours=2"}))
                .code,
            0);
  EXPECT_EQ(FinalOf(folder / "cold")["knn_top1"], FinalOf(folder / "one")["knn_top1"]);
  for (const char* temperature : {"0", "-0.1"}) {
    const Result refused = RunProgram(JudgedBy("knn.yaml", Run(), folder / "no",
                                               {std::string("knn.temperature=") + temperature}));
    EXPECT_EQ(refused.code, 2) << refused.output;
    EXPECT_THAT(refused.output, HasSubstr("knn.temperature"));
  }
}

TEST_F(Judged, TheClassifiersThatDivergeHaveNoAccuracy) {
  const TempFolder folder;
  const Result result =
      RunProgram(JudgedBy("linear_probe.yaml", Run(), folder / "probe",
                          {"linear.learning_rates=[3.0e+38]", "linear.epochs=20"}));
  EXPECT_EQ(result.code, 1) << result.output;
  EXPECT_THAT(result.output, HasSubstr("diverges, so it has no accuracy"));
  EXPECT_TRUE(FinalOf(folder / "probe").is_null());
}

TEST_F(Judged, ExportedWeightsTellTheirNetwork) {
  const TempFolder folder;
  for (const char* name : {"w.safetensors", "w.pt"}) {
    const std::string weights = folder / name, run = folder / (std::string(name) + "-run");
    ASSERT_EQ(RunProgram({"export", Run(), "--to", weights}).code, 0);
    const Result result = RunProgram(JudgedBy(
        "knn.yaml", weights, run, {"data.kind=sample", "sample.images=80", "data.image_size=8"}));
    ASSERT_EQ(result.code, 0) << result.output;
    EXPECT_THAT(result.output, HasSubstr("resnet18 0.125x (small stem)"));
    EXPECT_EQ(FinalOf(run)["knn_top1"], FinalOf(Run())["knn_top1"]) << name;
  }
}

TEST(ExportedWeights, OfAResNet50SayWhichTheyAre) {
  const TempFolder folder;
  const std::string run = folder / "run", weights = folder / "w.pt";
  ASSERT_EQ(RunProgram(FewImages(run, {"model.backbone=resnet50", "train.max_steps=1",
                                       "sample.images=8", "gpu.gradient_accumulation=1"}))
                .code,
            0);
  ASSERT_EQ(RunProgram({"export", run, "--to", weights}).code, 0);
  const Result judged =
      RunProgram(JudgedBy("knn.yaml", weights, folder / "knn",
                          {"data.kind=sample", "sample.images=8", "data.image_size=8"}));
  ASSERT_EQ(judged.code, 0) << judged.output;
  EXPECT_THAT(judged.output, HasSubstr("resnet50 0.125x (small stem)"));
  // A training has a network of its own, and is told which one fits.
  const Result init = RunProgram(With(FewImages(folder / "init"), {"--init", weights}));
  EXPECT_EQ(init.code, 2);
  EXPECT_THAT(init.output, HasSubstr("to theirs: resnet50, small and 0.125"));
}

}  // namespace
}  // namespace flowtrain
