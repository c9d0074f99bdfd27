#include "nodes/train/checkpoint_file.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/unit/nodes/train/train_fixture.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

class CheckpointFile : public testing::Test {
 protected:
  CheckpointFile() {
    std::string pattern = testing::TempDir() + "checkpoint-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~CheckpointFile() override { fs::remove_all(folder_); }
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  // One step with made-up gradients, the same for the same number.
  static void Step(Training& training, uint64_t number) {
    at::manual_seed(number);
    for (at::Tensor& p : training.model->module().parameters()) {
      p.mutable_grad() = at::randn(p.sizes()) * 0.01;
    }
    training.optimizer->Step(number, 10, 8);
  }
  static std::string ErrorOfLoading(const std::string& path, Training& training) {
    try {
      LoadCheckpoint(path, *training.model, *training.optimizer);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }

  fs::path folder_;
};

TEST_F(CheckpointFile, TrainingGoesOnBitForBit) {
  Training straight, stopped(Options{{"seed", "42"}}), resumed(Options{{"seed", "9"}});
  for (uint64_t i = 0; i < 2; ++i) Step(straight, i);
  SaveCheckpoint(Path("a.pt"), *straight.model, *straight.optimizer, {2, 10, "train: {}\n"});
  const TrainingState state = LoadCheckpoint(Path("a.pt"), *resumed.model, *resumed.optimizer);
  EXPECT_EQ(state.steps_done, 2u);
  EXPECT_EQ(state.steps_per_epoch, 10u);
  EXPECT_EQ(state.config, "train: {}\n");
  EXPECT_EQ(ReadTrainingState(Path("a.pt")).steps_done, 2u);
  for (uint64_t i = 2; i < 4; ++i) {
    Step(straight, i);
    Step(resumed, i);
  }
  const auto expected = straight.model->module().named_parameters();
  for (const auto& item : resumed.model->module().named_parameters()) {
    EXPECT_TRUE(item.value().equal(expected[item.key()])) << item.key();
  }
}

TEST_F(CheckpointFile, SaysWhatIsWrongWithAFile) {
  Training training;
  SaveCheckpoint(Path("whole.pt"), *training.model, *training.optimizer, {1, 1, ""});
  EXPECT_THAT(ErrorOfLoading(Path("none.pt"), training), testing::HasSubstr("does not exist"));

  std::ofstream(Path("text.pt")) << "hello";
  EXPECT_THAT(ErrorOfLoading(Path("text.pt"), training),
              testing::HasSubstr("no flowtrain checkpoint"));

  fs::copy(Path("whole.pt"), Path("cut.pt"));
  fs::resize_file(Path("cut.pt"), fs::file_size(Path("cut.pt")) / 2);
  EXPECT_THAT(ErrorOfLoading(Path("cut.pt"), training), testing::HasSubstr("cut short"));

  Training wider(Options{{"projection_dim", "64"}});
  EXPECT_THAT(ErrorOfLoading(Path("whole.pt"), wider), testing::HasSubstr("another shape"));
  Training other({}, {{"name", "lars"}});
  EXPECT_THAT(ErrorOfLoading(Path("whole.pt"), other), testing::HasSubstr("optimizer 'sgd'"));
}

TEST_F(CheckpointFile, AFullDiskLeavesWhatWasThere) {
  // A file system of 1 MiB; only root may mount one.
  const std::string disk = Path("disk");
  fs::create_directory(disk);
  if (std::system(("mount -t tmpfs -o size=1m tmpfs " + disk + " 2>/dev/null").c_str()) != 0) {
    GTEST_SKIP() << "a small file system cannot be mounted here";
  }
  Training training;
  std::ofstream(disk + "/a.pt") << "the one before";
  std::string error;
  try {
    SaveCheckpoint(disk + "/a.pt", *training.model, *training.optimizer, {1, 1, ""});
  } catch (const std::runtime_error& thrown) {
    error = thrown.what();
  }
  std::string kept;
  std::getline(std::ifstream(disk + "/a.pt"), kept);
  const auto files = std::distance(fs::directory_iterator(disk), fs::directory_iterator());
  ASSERT_EQ(std::system(("umount " + disk).c_str()), 0);
  EXPECT_THAT(error, testing::HasSubstr("No space left on device; free space there"));
  EXPECT_EQ(kept, "the one before");
  EXPECT_EQ(files, 1);
}

TEST_F(CheckpointFile, FindsTheNewestOfARun) {
  fs::create_directories(folder_ / "run/checkpoints");
  for (const uint64_t steps : {9, 120, 20}) {
    std::ofstream((folder_ / "run/checkpoints" / CheckpointName(steps)).string()) << "x";
  }
  EXPECT_THAT(FindCheckpoint(Path("run")), testing::EndsWith("step-00000120.pt"));
  EXPECT_THAT(FindCheckpoint(Path("run/checkpoints")), testing::EndsWith("step-00000120.pt"));
  EXPECT_EQ(FindCheckpoint(Path("run/checkpoints/step-00000020.pt")),
            Path("run/checkpoints/step-00000020.pt"));
  EXPECT_THROW(FindCheckpoint(Path("nothing")), ConfigError);
}

}  // namespace
}  // namespace flowtrain
