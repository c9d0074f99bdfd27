#include "nodes/train/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/nodes/train/train_fixture.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class CheckpointNode : public testing::Test {
 protected:
  CheckpointNode() : training_(Options{{"stem", "small"}}) {
    std::string pattern = testing::TempDir() + "checkpoints-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~CheckpointNode() override {
    run_dir_.reset();
    fs::remove_all(folder_);
  }

  // The node of a run in `folder_`, which goes on from `resume` unless that is empty.
  std::unique_ptr<Checkpoint> Started(Options options, const std::string& resume = "") {
    run_dir_.reset();
    run_dir_ = Make<RunDir>("RunDir", {{"path", folder_.string()}, {"resume", '"' + resume + '"'}});
    run_dir_->SetResolvedConfig("train: {}\n");
    run_dir_->Open(training_.context);
    training_.context.resources["run_dir"] = run_dir_.get();
    options["resume"] = '"' + resume + '"';
    auto node = Make<Checkpoint>("Checkpoint", options);
    node->Open(training_.context);
    node->Start();
    return node;
  }
  // Ten steps an epoch.
  static void Process(Checkpoint& node, uint64_t number) {
    Step step;
    step.step = number;
    step.epoch = number / 10;
    step.steps_per_epoch = 10;
    step.last_of_epoch = number % 10 == 9;
    node.Process(step);
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / "checkpoints")) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string Path(uint64_t steps) const {
    return (folder_ / "checkpoints" / CheckpointName(steps)).string();
  }

  Training training_;
  fs::path folder_;
  std::unique_ptr<RunDir> run_dir_;
};

TEST_F(CheckpointNode, WritesAfterEveryNthEpochAndKeepsTheNewest) {
  const auto node = Started({{"every_epochs", "2"}, {"keep", "2"}});
  for (const uint64_t step : {8, 9, 18}) Process(*node, step);
  EXPECT_THAT(Files(), ElementsAre());
  Process(*node, 19);
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(20)));
  for (const uint64_t step : {39, 59}) Process(*node, step);
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(40), CheckpointName(60)));
  const TrainingState state = ReadTrainingState(Path(60));
  EXPECT_EQ(state.steps_done, 60u);
  EXPECT_EQ(state.steps_per_epoch, 10u);
  EXPECT_EQ(state.config, "train: {}\n");
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

TEST_F(CheckpointNode, KeepCountsThoseOfTheRunItGoesOnFrom) {
  {
    const auto node = Started({{"keep", "9"}});
    for (const uint64_t step : {9, 19, 29}) Process(*node, step);
  }
  const auto node = Started({{"keep", "2"}}, Path(20));
  Process(*node, 24);
  node->Flush();
  // Step 30 lies on the way that was given up; it is not this run's to remove.
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(20), CheckpointName(25), CheckpointName(30)));
}

TEST_F(CheckpointNode, RemovesWhatACrashLeftHalfWritten) {
  Process(*Started({}), 9);
  std::ofstream(Path(20) + ".tmp") << "half";
  Started({}, Path(10));
  EXPECT_THAT(Files(), ElementsAre(CheckpointName(10)));
}

}  // namespace
}  // namespace flowtrain
