#include "nodes/evaluate/features.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "nodes/train/model/normalise.h"
#include "pipeline/base/error.h"
#include "pipeline/base/philox.h"
#include "tests/support/failing_allocator.h"
#include "tests/support/tensors.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

constexpr int kNoiseSide = 32;
constexpr size_t kBytes = size_t{kNoiseSide} * kNoiseSide * 3;

// Pictures of noise, already of the evaluation's size; those of `unreadable` cannot be read.
class NoiseImages final : public LabelledImages {
 public:
  NoiseImages(uint64_t size, std::set<uint64_t> unreadable)
      : size_(size), unreadable_(std::move(unreadable)) {}
  uint64_t size() const override { return size_; }
  EncodedImage Fetch(uint64_t index, std::vector<uint8_t>& storage) const override {
    EncodedImage image;
    image.label = static_cast<int32_t>(index % 3);
    if (unreadable_.count(index) > 0) {
      image.error = "cut short";
      return image;
    }
    Rng rng({.seed = 3, .id = index, .purpose = kTesting});
    storage.resize(kBytes);
    for (uint8_t& byte : storage) byte = static_cast<uint8_t>(rng.NextUint32());
    image.bytes = storage;
    image.encoding = Encoding::kRgb;
    image.height = image.width = kNoiseSide;
    return image;
  }

 private:
  uint64_t size_;
  std::set<uint64_t> unreadable_;
};

at::Tensor FeaturesOf(SimclrModel& model, const LabelledImages& images, uint64_t index) {
  const c10::NoGradGuard no_grad;
  std::vector<uint8_t> storage;
  images.Fetch(index, storage);
  const at::Tensor bytes = at::from_blob(storage.data(), {1, kNoiseSide, kNoiseSide, 3}, at::kByte);
  model.SetTraining(false);
  const at::Tensor features = model.Encode(Normalise(bytes))[0];
  model.SetTraining(true);
  return features;
}

TEST(Features, AreTheBackbonesInEvaluationMode) {
  Training training(Options{{"stem", "small"}});
  SimclrModel& model = *training.model;
  const NoiseImages images(7, {});
  const Features found = ComputeFeatures(model, images, kNoiseSide, 3);  // 3 + 3 + 1
  ASSERT_EQ(found.features.sizes(), (std::vector<int64_t>{7, model.feature_dim()}));
  EXPECT_TRUE(found.bad.empty());
  for (int64_t i = 0; i < 7; ++i) {
    EXPECT_EQ(found.labels[i].item<int64_t>(), i % 3);
    const at::Tensor alone = FeaturesOf(model, images, static_cast<uint64_t>(i));
    EXPECT_TRUE(found.features[i].allclose(alone, 1e-3, 1e-4)) << i;
  }
}

TEST(Features, LeaveTheModelAsItWas) {
  Training training(Options{{"stem", "small"}});
  torch::nn::Module& module = training.model->module();
  std::vector<at::Tensor> before;
  for (const at::Tensor& tensor : module.buffers()) before.push_back(tensor.clone());
  const Features found = ComputeFeatures(*training.model, NoiseImages(4, {}), kNoiseSide, 4);
  EXPECT_FALSE(found.features.requires_grad());
  EXPECT_TRUE(training.model->training());
  const std::vector<at::Tensor> after = module.buffers();
  ASSERT_FALSE(after.empty());
  for (size_t i = 0; i < after.size(); ++i) EXPECT_TRUE(after[i].equal(before[i])) << i;
}

TEST(Features, AnUnreadableImageIsLeftOutWithItsLabel) {
  Training training(Options{{"stem", "small"}});
  const Features found = ComputeFeatures(*training.model, NoiseImages(6, {0, 4}), kNoiseSide, 4);
  ASSERT_EQ(found.bad.size(), 2u);
  EXPECT_EQ(found.bad[1].id, 4u);
  EXPECT_EQ(found.bad[1].name, "evaluation image 4");
  EXPECT_EQ(found.bad[1].why, "cut short");
  ASSERT_EQ(found.features.size(0), 4);
  EXPECT_TRUE(found.labels.equal(at::tensor({1, 2, 0, 2}, at::kLong)));  // of images 1, 2, 3, 5
  const at::Tensor last = FeaturesOf(*training.model, NoiseImages(6, {}), 5);
  EXPECT_TRUE(found.features[3].allclose(last, 1e-3, 1e-4));
}

TEST(Features, ThereAreNoneWhereNoImageCanBeRead) {
  Training training(Options{{"stem", "small"}});
  const Features found = ComputeFeatures(*training.model, NoiseImages(2, {0, 1}), kNoiseSide, 4);
  EXPECT_FALSE(found.features.defined());
  ASSERT_EQ(found.bad.size(), 2u);
}

// An image's features do not depend on how many are computed at a time.
TEST(Features, AreTheSameWhereMemoryIsShort) {
  Training training(Options{{"stem", "small"}});
  const NoiseImages images(7, {});
  const at::Tensor whole = ComputeFeatures(*training.model, images, kNoiseSide, 4).features;
  FailingAllocator allocator;
  allocator.FailAt(0);
  ComputeFeatures(*training.model, images, kNoiseSide, 4);
  const int64_t allocations = allocator.count();
  ASSERT_GT(allocations, 20);
  int64_t halved = 0;
  // Not those of the views, which no device has: the first of each batch.
  for (int64_t number = 3 + allocations / 9; number < allocations - 9; number += allocations / 9) {
    ::testing::internal::CaptureStderr();
    allocator.FailAt(number);
    const at::Tensor parts = ComputeFeatures(*training.model, images, kNoiseSide, 4).features;
    allocator.FailAt(0);
    const std::string log = ::testing::internal::GetCapturedStderr();
    halved += log.find("images are encoded 2 at a time") == std::string::npos ? 0 : 1;
    EXPECT_LT(RelativeDifference(parts, whole), 1e-5) << number;
  }
  EXPECT_GT(halved, 2);
}

}  // namespace
}  // namespace flowtrain
