#include "nodes/train/checkpoint/checkpoint_file.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <limits>
#include <string>

#include "nodes/train/weights/checkpoint_folder.h"
#include "nodes/train/weights/network_weights.h"
#include "nodes/train/weights/safetensors.h"
#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

class CheckpointFile : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_ / name; }

  // One step with made-up gradients, the same for the same number.
  static void Step(Training& training, uint64_t number) {
    at::manual_seed(number);
    for (at::Tensor& p : training.model->module().parameters()) {
      p.mutable_grad() = at::randn(p.sizes()) * 0.01;
    }
    training.optimizer->Step(
        {.step = number, .steps_per_epoch = 10, .total_steps = 1000, .images = 8});
  }
  static std::string ErrorOfLoading(const std::string& path, Training& training) {
    return MessageOf<std::runtime_error>(
        [&] { LoadCheckpoint(path, *training.model, *training.optimizer); });
  }

  // A checkpoint of a few numbers.
  static void SaveSmall(const std::string& path, uint64_t steps, float number = 1) {
    fs::create_directories(fs::path(path).parent_path());
    SaveCheckpoint(path,
                   {{"model.w", at::full({2, 3}, number)},
                    {"model.n", at::full({}, 7, at::kLong)},
                    {"optimizer.momentum0.0", at::ones({3})}},
                   {steps, 10, "train: {seed: 1}\n", "simclr"});
  }
  // Whether the file is taken for a whole checkpoint.
  static bool IsTaken(const std::string& path) {
    try {
      CheckpointDigest(path);
      return true;
    } catch (const DataError&) {
      return false;
    }
  }

  const TempFolder folder_;
};

TEST_F(CheckpointFile, TrainingGoesOnBitForBit) {
  Training straight, stopped(Options{{"seed", "42"}}), resumed(Options{{"seed", "9"}});
  for (uint64_t i = 0; i < 2; ++i) Step(straight, i);
  const std::string path = Path("a.safetensors");
  SaveCheckpoint(path, StateOf(*straight.model, *straight.optimizer),
                 {2, 10, "train: {}\n", "simclr"});
  const TrainingState state = LoadCheckpoint(path, *resumed.model, *resumed.optimizer);
  EXPECT_EQ(state.steps_done, 2u);
  EXPECT_EQ(state.steps_per_epoch, 10u);
  EXPECT_EQ(state.config, "train: {}\n");
  EXPECT_EQ(state.graph, "simclr");
  EXPECT_EQ(ReadTrainingState(path).steps_done, 2u);
  for (uint64_t i = 2; i < 4; ++i) {
    Step(straight, i);
    Step(resumed, i);
  }
  const NamedTensors expected = StateOf(*straight.model, *straight.optimizer),
                     found = StateOf(*resumed.model, *resumed.optimizer);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(found[i].second.equal(expected[i].second)) << found[i].first;
  }
}

TEST_F(CheckpointFile, IsASafetensorsFile) {
  SaveSmall(Path("a.safetensors"), 3);
  const Safetensors contents = ReadSafetensors(Path("a.safetensors"));
  ASSERT_EQ(contents.tensors.size(), 3u);
  EXPECT_EQ(contents.tensors[1].first, "model.w");
  EXPECT_TRUE(contents.tensors[1].second.equal(at::ones({2, 3})));
  EXPECT_EQ(contents.metadata.at("flowtrain_checkpoint"), "2");
  EXPECT_EQ(contents.metadata.at("steps_done"), "3");
  EXPECT_TRUE(IsCheckpoint(Path("a.safetensors")));
  WriteSafetensors(Path("weights.safetensors"), {{{"w", at::ones({1})}}, {{"format", "pt"}}});
  EXPECT_FALSE(IsCheckpoint(Path("weights.safetensors")));
  EXPECT_FALSE(IsTaken(Path("weights.safetensors")));
}

TEST_F(CheckpointFile, ABitThatIsWrongIsFoundWhereverItIs) {
  const std::string path = Path("a.safetensors");
  SaveSmall(path, 3);
  const std::string whole = ReadText(path);
  ASSERT_TRUE(IsTaken(path));
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    WriteText(path, flipped);
    ASSERT_FALSE(IsTaken(path)) << "bit " << bit % 8 << " of byte " << bit / 8 << ": ..."
                                << whole.substr(bit / 8 - std::min<size_t>(bit / 8, 20), 40);
  }
  for (size_t length = 0; length < whole.size(); ++length) {
    WriteText(path, whole.substr(0, length));
    ASSERT_FALSE(IsTaken(path)) << length << " of " << whole.size() << " bytes";
  }
  WriteText(path, whole + 'x');
  EXPECT_FALSE(IsTaken(path));
}

TEST_F(CheckpointFile, TheDigestIsOfTheTensorsAlone) {
  SaveSmall(Path("a.safetensors"), 3);
  SaveSmall(Path("b.safetensors"), 4);
  SaveSmall(Path("c.safetensors"), 3, 1.0000001F);
  EXPECT_EQ(CheckpointDigest(Path("a.safetensors")), CheckpointDigest(Path("b.safetensors")));
  EXPECT_NE(CheckpointDigest(Path("a.safetensors")), CheckpointDigest(Path("c.safetensors")));
}

TEST_F(CheckpointFile, SaysWhatIsWrongWithAFile) {
  Training training;
  const std::string whole = Path("whole.safetensors");
  SaveCheckpoint(whole, StateOf(*training.model, *training.optimizer), {1, 1});
  EXPECT_THAT(ErrorOfLoading(Path("none.safetensors"), training),
              testing::HasSubstr("does not exist"));
  WriteText(Path("text.safetensors"), "hello there");
  EXPECT_THAT(ErrorOfLoading(Path("text.safetensors"), training), testing::HasSubstr("damaged"));
  WriteText(Path("old.pt"), "PK\x03\x04");
  EXPECT_THAT(ErrorOfLoading(Path("old.pt"), training), testing::HasSubstr("first checkpoint"));

  std::string bytes = ReadText(whole);
  bytes[bytes.size() - 100] ^= 1;
  WriteText(Path("flipped.safetensors"), bytes);
  const at::Tensor before = training.model->module().parameters()[0].clone();
  EXPECT_THAT(ErrorOfLoading(Path("flipped.safetensors"), training),
              testing::ContainsRegex("the checksum of '(model|optimizer)[^']*' is wrong"));
  EXPECT_TRUE(training.model->module().parameters()[0].equal(before));

  Training wider(Options{{"projection_dim", "64"}});
  EXPECT_THAT(ErrorOfLoading(whole, wider), testing::HasSubstr("another shape"));
  Training other({}, {{"name", "lars"}});
  EXPECT_THAT(ErrorOfLoading(whole, other), testing::HasSubstr("optimizer (lars)"));
}

TEST_F(CheckpointFile, OneThatIsNotFiniteIsReadByNobody) {
  SaveSmall(Path("run/checkpoints/" + CheckpointName(1)), 1);
  const std::string bad = Path("run/checkpoints/" + CheckpointName(2));
  for (const float number :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    SaveSmall(bad, 2, number);
    EXPECT_THAT(MessageOf<DataError>([&] { CheckpointDigest(bad); }),
                testing::HasSubstr("is not finite: 'model.w'"));
    EXPECT_THROW(ReadNetwork(bad), DataError);
    testing::internal::CaptureStderr();
    EXPECT_EQ(FindCheckpoint(Path("run")), Path("run/checkpoints/" + CheckpointName(1)));
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("is not finite"));
  }
}

TEST_F(CheckpointFile, OneWithANegativeVarianceIsReadByNobody) {
  Training training;
  NamedTensors state = StateOf(*training.model, *training.optimizer);
  for (auto& [name, tensor] : state) {
    if (name != "model.backbone.bn1.running_var") continue;
    tensor = tensor.clone();
    tensor[1] = -0.5;
  }
  SaveCheckpoint(Path("negative.safetensors"), state, {1, 1});
  EXPECT_THAT(MessageOf<DataError>([&] { ReadNetwork(Path("negative.safetensors")); }),
              testing::HasSubstr("'model.backbone.bn1.running_var' is a variance and holds values "
                                 "below 0"));
}

TEST_F(CheckpointFile, ATensorOfAnotherTypeDoesNotFit) {
  Training training;
  NamedTensors state = StateOf(*training.model, *training.optimizer);
  for (auto& [name, tensor] : state) {
    if (name == "model.backbone.bn1.weight") tensor = tensor.to(at::kLong);
  }
  SaveCheckpoint(Path("long.safetensors"), state, {1, 1});
  EXPECT_THAT(ErrorOfLoading(Path("long.safetensors"), training),
              testing::HasSubstr("'model.backbone.bn1.weight' is of another type"));
}

TEST_F(CheckpointFile, AFullDiskLeavesWhatWasThere) {
  // A file system of 1 MiB; only root may mount one.
  const std::string disk = Path("disk");
  fs::create_directory(disk);
  if (std::system(("mount -t tmpfs -o size=1m tmpfs " + disk + " 2>/dev/null").c_str()) != 0) {
    GTEST_SKIP() << "a small file system cannot be mounted here";
  }
  Training training;
  const std::string file = disk + "/a.safetensors";
  WriteText(file, "the one before");
  const std::string error = MessageOf<std::runtime_error>([&] {
    SaveCheckpoint(file, StateOf(*training.model, *training.optimizer), {1, 1});
  });
  const std::string kept = ReadText(file);
  const auto files = std::distance(fs::directory_iterator(disk), fs::directory_iterator());
  ASSERT_EQ(std::system(("umount " + disk).c_str()), 0);
  EXPECT_THAT(error, testing::HasSubstr("No space left on device; free space there"));
  EXPECT_EQ(kept, "the one before");
  EXPECT_EQ(files, 1);
}

TEST_F(CheckpointFile, FindsTheNewestOfARunThatIsWhole) {
  const std::string folder = Path("run/checkpoints/");
  for (const uint64_t steps : {9, 120, 20}) SaveSmall(folder + CheckpointName(steps), steps);
  WriteText(folder + CheckpointName(999) + ".part-17", "half");
  EXPECT_EQ(FindCheckpoint(Path("run")), folder + CheckpointName(120));
  EXPECT_EQ(FindCheckpoint(Path("run/checkpoints")), folder + CheckpointName(120));
  EXPECT_EQ(FindCheckpoint(folder + CheckpointName(20)), folder + CheckpointName(20));

  fs::resize_file(folder + CheckpointName(120), 200);
  testing::internal::CaptureStderr();
  EXPECT_EQ(FindCheckpoint(Path("run")), folder + CheckpointName(20));
  EXPECT_THAT(
      testing::internal::GetCapturedStderr(),
      testing::AllOf(testing::HasSubstr("passed over"), testing::HasSubstr(CheckpointName(120))));
  WriteText(folder + CheckpointName(20), "");
  WriteText(folder + CheckpointName(9), "no");
  EXPECT_THROW(FindCheckpoint(Path("run")), ConfigError);
  EXPECT_TRUE(HasCheckpoint(Path("run")));
  EXPECT_THROW(FindCheckpoint(Path("nothing")), ConfigError);
  EXPECT_FALSE(HasCheckpoint(Path("nothing")));
}

}  // namespace
}  // namespace flowtrain
