// A window through the nodes of the device lane: stage, forward and backward, step.

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <vector>

#include "nodes/train/loss/nt_xent.h"
#include "nodes/train/model/normalise.h"
#include "tests/support/lane_nodes.h"
#include "tests/support/tensors.h"

namespace flowtrain {
namespace {

constexpr int kRows = 4, kSide = 8;

// `independent` means: the mean of the micro-batches' losses, each with its own negatives.
TEST(ForwardBackward, AccumulatesTheMeanOfTheMicroBatchesLosses) {
  LaneNodes nodes({.window = 3, .forward_backward = {{"accumulation", "independent"}}});
  LaneNodes reference(3);
  nodes.ForwardBackwardAll();

  SimclrModel& model = *reference.training.model;
  at::Tensor total = at::zeros({});
  for (auto& batch : reference.batches) {
    const at::Tensor images = at::from_blob(batch->buffer, {2 * kRows, kSide, kSide, 3}, at::kByte);
    total = total + NtXent(model.Project(model.Encode(Normalise(images))), 0.5) / 3;
  }
  total.backward();
  EXPECT_NEAR(nodes.payload().loss.item<float>(), total.item<float>(), 1e-5);
  const auto expected = model.module().named_parameters();
  for (const auto& item : nodes.training.model->module().named_parameters()) {
    const at::Tensor& gradient = expected[item.key()].grad();
    EXPECT_TRUE(item.value().grad().allclose(gradient, 1e-3, 1e-5)) << item.key();
  }
}

// With batch-norm frozen, a window of several micro-batches equals one large batch.
TEST(ForwardBackward, AWindowIsOneLargeBatch) {
  LaneNodes nodes(2), reference(2);
  nodes.model().SetTraining(false);
  reference.model().SetTraining(false);
  nodes.ForwardBackwardAll();

  std::vector<at::Tensor> batches;
  for (auto& batch : reference.batches) {
    batches.push_back(at::from_blob(batch->buffer, {2, kRows, kSide, kSide, 3}, at::kByte));
  }
  const at::Tensor images = at::cat(batches, 1).flatten(0, 1);
  SimclrModel& model = reference.model();
  const at::Tensor loss = NtXent(model.Project(model.Encode(Normalise(images))), 0.5);
  loss.backward();
  EXPECT_NEAR(nodes.payload().loss.item<float>(), loss.item<float>(), 1e-5);
  EXPECT_LT(RelativeDifference(nodes.Gradients(), reference.Gradients()), 1e-5);
}

TEST(ForwardBackward, AWindowStartsWithoutGradientsOfTheOneBefore) {
  LaneNodes nodes(1);
  nodes.ForwardBackwardAll();
  const at::Tensor once = nodes.training.model->module().parameters()[0].grad().clone();
  nodes.training.model->SetTraining(true);
  nodes.ForwardBackwardAll();
  EXPECT_TRUE(nodes.training.model->module().parameters()[0].grad().allclose(once, 1e-3, 1e-5));
}

TEST(ForwardBackward, ABatchOfOneHasNoNegatives) {
  LaneNodes nodes(1);
  nodes.training.context.batch.rows = 1;
  EXPECT_THROW(nodes.forward_backward->Open(nodes.training.context), ConfigError);
}

TEST(OptimizerStep, TheLossFallsOnAFixedBatch) {
  LaneNodes nodes(2);
  const double first = nodes.RunStep().loss;
  double last = first;
  for (int i = 0; i < 12; ++i) last = nodes.RunStep().loss;
  EXPECT_LT(last, first - 0.3);
}

TEST(OptimizerStep, FillsTheRecord) {
  LaneNodes nodes({.window = 2, .optimizer = {{"learning_rate", "0.05"}, {"warmup_epochs", "1"}}});
  nodes.step.epoch = 3;
  nodes.step.last_of_epoch = true;
  const StepRecord& record = nodes.RunStep();
  EXPECT_EQ(record.step, 0u);
  EXPECT_EQ(record.epoch, 3u);
  EXPECT_EQ(record.images, 2 * kRows);
  EXPECT_TRUE(record.last_of_epoch);
  EXPECT_DOUBLE_EQ(record.learning_rate, 0.005);  // a tenth of the warm-up
  EXPECT_GT(record.seconds, 0);
  EXPECT_GE(record.data_wait, 0);
  EXPECT_LE(record.data_wait, 1);
  EXPECT_FALSE(record.skipped);
  EXPECT_EQ(record.loss_scale, 1);
  EXPECT_EQ(record.device_bytes, 0u);  // a CPU
}

}  // namespace
}  // namespace flowtrain
