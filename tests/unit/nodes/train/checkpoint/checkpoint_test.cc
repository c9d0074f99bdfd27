#include "nodes/train/checkpoint/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "nodes/train/weights/network_weights.h"
#include "tests/support/temp_folder.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class CheckpointNode : public testing::Test {
 protected:
  CheckpointNode() : training_(Options{{"stem", "small"}}) {}

  // The node of a run in `folder_`, which goes on from `resume` unless that is empty.
  std::unique_ptr<Checkpoint> Started(Options options, const std::string& resume = "") {
    run_dir_.reset();
    run_dir_ =
        Make<RunDir>({{"path", folder_.path()}, {"go_on", resume.empty() ? "false" : "true"}});
    run_dir_->SetResolvedConfig("train: {}\n");
    run_dir_->Open(training_.context);
    training_.context.resources["run_dir"] = run_dir_.get();
    options["resume"] = '"' + resume + '"';
    auto node = Make<Checkpoint>(options);
    node->Open(training_.context);
    node->Start();
    return node;
  }
  // Ten steps an epoch.
  static void Process(Checkpoint& node, uint64_t number, uint64_t steps_per_epoch = 10) {
    Step step;
    step.step = number;
    step.epoch = number / steps_per_epoch;
    step.steps_per_epoch = steps_per_epoch;
    step.last_of_epoch = (number + 1) % steps_per_epoch == 0;
    node.Process(step);
  }
  // The checkpoints, and what else is there.
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / "checkpoints")) {
      const std::string name = entry.path().filename().string();
      if (name != "best.json" && name != "abandoned") names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string Path(uint64_t steps) const {
    return folder_ / "checkpoints/" + CheckpointName(steps);
  }

  const TempFolder folder_;
  Training training_;
  std::unique_ptr<RunDir> run_dir_;
};

TEST_F(CheckpointNode, WritesAfterEveryNthEpochAndKeepsTheNewest) {
  const auto node = Started({{"every_epochs", "2"}, {"keep", "2"}});
  for (const uint64_t step : {8, 9, 18}) Process(*node, step);
  EXPECT_THAT(Files(), ElementsAre());
  for (const uint64_t step : {19, 39, 59}) Process(*node, step);
  node->Flush();
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(40), CheckpointName(60)));
  const TrainingState state = ReadTrainingState(Path(60));
  EXPECT_EQ(state.steps_done, 60u);
  EXPECT_EQ(state.steps_per_epoch, 10u);
  EXPECT_EQ(state.config, "train: {}\n");
}

TEST_F(CheckpointNode, WritesInTheMiddleOfAnEpoch) {
  const auto node = Started({{"every_steps", "4"}, {"every_epochs", "0"}, {"keep", "9"}});
  for (uint64_t step = 0; step < 10; ++step) Process(*node, step);
  node->Flush();  // after step 10 as well
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(4), CheckpointName(8), CheckpointName(10)));
}

TEST_F(CheckpointNode, WritesByTheClock) {
  const auto node = Started({{"every_minutes", "1e-9"}, {"every_epochs", "0"}, {"keep", "9"}});
  for (uint64_t step = 0; step < 2; ++step) Process(*node, step);
  node->Flush();
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(1), CheckpointName(2)));
}

TEST_F(CheckpointNode, HoldsTheStateAfterItsStepThoughTheTrainingGoesOn) {
  const auto node = Started({{"every_steps", "1"}});
  at::Tensor parameter = training_.model->module().parameters()[0];
  const at::Tensor then = parameter.detach().clone();
  Process(*node, 0);
  {
    const c10::NoGradGuard no_grad;
    parameter.add_(1);  // while the writer is at work
  }
  node->Close();
  for (const auto& [name, tensor] : ReadNetwork(Path(1))) {
    if (name != "backbone.conv1.weight") continue;
    EXPECT_TRUE(tensor.equal(then));
    return;
  }
  FAIL() << "no first parameter";
}

TEST_F(CheckpointNode, TheEndWritesWhatIsNotSavedYet) {
  const auto node = Started({});
  Process(*node, 9);
  node->Flush();
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(10)));
  Process(*node, 12);  // where a run was interrupted
  node->Flush();
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(10), CheckpointName(13)));
}

TEST_F(CheckpointNode, ARunWithoutStepsWritesNothing) {
  const auto node = Started({});
  node->Flush();
  EXPECT_THAT(Files(), ElementsAre());
}

TEST_F(CheckpointNode, AnAbortLeavesNoHalfFile) {
  const auto node = Started({{"every_steps", "1"}});
  Process(*node, 0);
  node->Close();  // as after an abort: nothing was flushed
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(1)));
  EXPECT_NO_THROW(CheckpointDigest(Path(1)));
}

TEST_F(CheckpointNode, AWriteThatFailsIsThrownWithItsCause) {
  const auto node = Started({{"every_steps", "1"}});
  fs::remove_all(folder_ / "checkpoints");
  Process(*node, 0);
  std::string error;
  try {
    node->Flush();
  } catch (const std::runtime_error& thrown) {
    error = thrown.what();
  }
  EXPECT_THAT(error, testing::AllOf(testing::HasSubstr("No such file or directory"),
                                    testing::HasSubstr("--resume")));
  node->Close();
}

TEST_F(CheckpointNode, LaterOnesAreMovedAsideWhenTheRunGoesOnFromAnEarlierStep) {
  {
    const auto node = Started({{"keep", "9"}});
    for (const uint64_t step : {9, 19, 29}) Process(*node, step);
    node->Close();
  }
  const auto node = Started({{"keep", "2"}}, Path(20));
  EXPECT_EQ(FindCheckpoint(folder_.path()), Path(20));
  EXPECT_TRUE(fs::exists(folder_ / "checkpoints/abandoned/" + CheckpointName(30)));
  Process(*node, 24);
  node->Flush();
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(20), CheckpointName(25)));
}

TEST_F(CheckpointNode, NothingThatWasAbandonedIsLostWhenItHappensAgain) {
  for (int times = 0; times < 2; ++times) {
    const auto node = Started({{"keep", "9"}}, times == 0 ? "" : Path(10));
    for (const uint64_t step : {9, 19}) {
      if (times == 0 || step > 9) Process(*node, step);
    }
    node->Close();
  }
  Started({}, Path(10));
  EXPECT_TRUE(fs::exists(folder_ / "checkpoints/abandoned/" + CheckpointName(20)));
  EXPECT_TRUE(fs::exists(folder_ / "checkpoints/abandoned/step-00000020-2.safetensors"));
}

TEST_F(CheckpointNode, RemovesWhatACrashLeftHalfWritten) {
  const auto first = Started({});
  Process(*first, 9);
  first->Close();
  WriteText(Path(20) + ".part-1234", "half");
  Started({}, Path(10));
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(10)));
}

TEST_F(CheckpointNode, ADataSetThatHasGrownIsNoticed) {
  const auto first = Started({});
  Process(*first, 9);
  first->Close();
  const auto node = Started({}, Path(10));
  EXPECT_THROW(Process(*node, 10, 11), std::runtime_error);
  EXPECT_NO_THROW(Process(*node, 10));
}

TEST_F(CheckpointNode, KeepsTheBest) {
  const auto node = Started({{"keep", "1"}});
  const double losses[] = {3, 1, 2, 4};
  for (uint64_t epoch = 0; epoch < 4; ++epoch) {
    Process(*node, epoch * 10 + 9);
    run_dir_->NoteEpoch(epoch * 10 + 10, {losses[epoch], {}});
  }
  node->Flush();
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(20), CheckpointName(40)));

  // Accuracy says more than the loss does; and after a resume too.
  const auto resumed = Started({{"keep", "1"}}, Path(40));
  const double accuracies[] = {50, 70, 60};
  for (uint64_t epoch = 4; epoch < 7; ++epoch) {
    Process(*resumed, epoch * 10 + 9);
    run_dir_->NoteEpoch(epoch * 10 + 10, {5, accuracies[epoch - 4]});
  }
  resumed->Flush();
  resumed->Close();
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(60), CheckpointName(70)));
}

// A loss that is lower, and a network that is not finite, or whose output is not.
TEST_F(CheckpointNode, ANetworkThatIsNotFiniteIsNeverTheBest) {
  for (const char* name : {"backbone.bn1.running_var", "backbone.layer1.0.conv1.weight"}) {
    at::Tensor tensor = training_.model->module().named_parameters().contains(name)
                            ? training_.model->module().named_parameters()[name]
                            : training_.model->module().named_buffers()[name];
    const c10::NoGradGuard no_grad;
    const at::Tensor before = tensor.clone();
    const auto node = Started({{"keep", "1"}});
    Process(*node, 9);
    run_dir_->NoteEpoch(10, {3, {}});
    Process(*node, 19);
    run_dir_->NoteEpoch(20, {2, {}});
    tensor.fill_(name == std::string("backbone.bn1.running_var")
                     ? std::numeric_limits<float>::infinity()
                     : 3e38F);
    for (const uint64_t step : {29, 39, 49}) {
      Process(*node, step);
      run_dir_->NoteEpoch(step + 1, {1, 100});
    }
    node->Flush();
    node->Close();
    // The newest one from which a run can go on stays, and the last one.
    EXPECT_THAT(Files(), ElementsAre(CheckpointName(20), CheckpointName(50))) << name;
    EXPECT_THAT(ReadText(folder_ / "checkpoints/best.json"),
                testing::HasSubstr(CheckpointName(20)));
    tensor.copy_(before);
    fs::remove_all(folder_ / "checkpoints");
    fs::remove(folder_ / "config.yaml");
    fs::remove(folder_ / "log.txt");
    fs::remove(folder_ / "metrics.jsonl");
  }
}

TEST_F(CheckpointNode, AnEpochWithoutAMeanIsNotJudged) {
  const auto node = Started({{"keep", "1"}});
  Process(*node, 9);
  run_dir_->NoteEpoch(10, {3, {}});
  Process(*node, 19);
  run_dir_->NoteEpoch(20, {std::nan(""), {}});  // resumed in its middle
  Process(*node, 29);
  run_dir_->NoteEpoch(30, {4, {}});
  node->Flush();
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(10), CheckpointName(30)));
}

// The run was killed after its checkpoint was written, and before the epoch was judged.
TEST_F(CheckpointNode, AnEpochThatWasNotJudgedIsJudgedWhenTheRunGoesOn) {
  {
    const auto node = Started({{"keep", "9"}, {"every_steps", "5"}});
    for (uint64_t step = 4; step < 15; step += 5) Process(*node, step);
    node->Close();
  }
  EXPECT_FALSE(fs::exists(folder_ / "checkpoints/best.json"));
  WriteText(folder_ / "metrics.jsonl",
            "{\"step\":10,\"epoch\":1,\"loss\":2.0}\n{\"epoch\":1,\"steps\":10,\"loss\":2.5}\n"
            "{\"step\":15,\"epoch\":2,\"loss\":1.0}\n");
  run_dir_.reset();
  run_dir_ = Make<RunDir>({{"path", folder_.path()}, {"go_on", "true"}, {"start_step", "15"}});
  run_dir_->Open(training_.context);
  training_.context.resources["run_dir"] = run_dir_.get();
  auto node = Make<Checkpoint>({{"resume", '"' + Path(15) + '"'}, {"keep", "9"}});
  node->Open(training_.context);
  node->Start();
  Process(*node, 15);
  EXPECT_THAT(ReadText(folder_ / "checkpoints/best.json"),
              testing::AllOf(testing::HasSubstr(CheckpointName(10)), testing::HasSubstr("2.5")));
}

// Another node may fail to start after this one was opened.
TEST_F(CheckpointNode, IsClosedWithoutHavingStarted) {
  {
    const auto node = Started({});
    Process(*node, 9);
    node->Close();
  }
  fs::remove(folder_ / "checkpoints/best.json");
  run_dir_.reset();
  run_dir_ = Make<RunDir>({{"path", folder_.path()}, {"go_on", "true"}, {"start_step", "10"}});
  run_dir_->Open(training_.context);
  run_dir_->NoteEpoch(10, {2, {}});
  training_.context.resources["run_dir"] = run_dir_.get();
  auto node = Make<Checkpoint>({{"resume", '"' + Path(10) + '"'}});
  node->Open(training_.context);
  node->Close();
  EXPECT_FALSE(fs::exists(folder_ / "checkpoints/best.json"));
}

TEST_F(CheckpointNode, HandsTheAccuracyOfTheStartOn) {
  const auto node = Started({});
  run_dir_->NoteStart(12.3);
  Process(*node, 9);
  node->Close();
  EXPECT_EQ(ReadTrainingState(Path(10)).knn_top1_start, 12.3);
  const auto resumed = Started({}, Path(10));
  EXPECT_EQ(run_dir_->knn_top1_start(), 12.3);
  Process(*resumed, 19);
  resumed->Close();
  EXPECT_EQ(ReadTrainingState(Path(20)).knn_top1_start, 12.3);
}

TEST_F(CheckpointNode, ItsTimeIsNoneOfTheTraining) {
  const auto node = Started({});
  Process(*node, 8);
  EXPECT_EQ(training_.device->PausedNs(), 0u);
  Process(*node, 9);
  EXPECT_GT(training_.device->PausedNs(), 0u);
}

TEST_F(CheckpointNode, KeepsNoBestWhereNoneIsAskedFor) {
  const auto node = Started({{"keep", "1"}, {"keep_best", "false"}});
  for (uint64_t epoch = 0; epoch < 3; ++epoch) {
    Process(*node, epoch * 10 + 9);
    run_dir_->NoteEpoch(epoch * 10 + 10, {static_cast<double>(epoch), {}});
  }
  node->Flush();
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(30)));
}

}  // namespace
}  // namespace flowtrain
