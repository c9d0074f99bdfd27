// A window through the nodes of the device lane: stage, forward and backward, step.

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "nodes/stage/pinned_stage.h"
#include "nodes/train/forward_backward.h"
#include "nodes/train/normalise.h"
#include "nodes/train/nt_xent.h"
#include "nodes/train/optimizer_step.h"
#include "nodes/train/train_payload.h"
#include "pipeline/philox.h"
#include "tests/unit/nodes/train/train_fixture.h"

namespace flowtrain {
namespace {

constexpr int kRows = 4, kSide = 32;

// The lane's nodes over a tiny model, and batches of noise.
struct LaneNodes {
  explicit LaneNodes(int window,
                     const Options& optimizer = {{"learning_rate", "0.05"}, {"warmup_epochs", "0"}})
      : training({{"stem", "small"}}, optimizer), window_size(window) {
    stage = Make<PinnedStage>("PinnedStage", {{"batch_size", "4"}, {"image_size", "32"}});
    training.context.batch = stage->Layout();
    forward_backward = Make<ForwardBackward>("ForwardBackward", {});
    optimizer_step = Make<OptimizerStep>("OptimizerStep", {});
    stage->Open(training.context);
    forward_backward->Open(training.context);
    optimizer_step->Open(training.context);
    for (int i = 0; i < window; ++i) AddBatch(i);
    stage->Start();
    forward_backward->Start();
    optimizer_step->Start();
    step.payload = forward_backward->NewPayload();
    step.images = kRows * window;
    step.steps_per_epoch = 10;
  }

  void AddBatch(int micro) {
    auto batch = std::make_unique<Batch>();
    batch->layout = stage->Layout();
    buffers.push_back(stage->Allocate(batch->layout.bytes()));
    batch->buffer = buffers.back().get();
    batch->micro = micro;
    batch->window = window_size;
    Rng rng({.seed = 1, .id = static_cast<uint64_t>(micro), .purpose = kTesting});
    for (size_t i = 0; i < batch->layout.bytes(); ++i) {
      batch->buffer[i] = static_cast<uint8_t>(rng.NextUint32());
    }
    batches.push_back(std::move(batch));
  }

  void ForwardBackwardAll() {
    for (auto& batch : batches) {
      stage->Process(*batch);
      forward_backward->Process(*batch, step);
    }
  }
  const StepRecord& RunStep() {
    ForwardBackwardAll();
    optimizer_step->Process(step);
    ++step.step;
    return *static_cast<TrainPayload&>(*step.payload).record;
  }

  Training training;
  int window_size;
  std::unique_ptr<PinnedStage> stage;
  std::unique_ptr<ForwardBackward> forward_backward;
  std::unique_ptr<OptimizerStep> optimizer_step;
  std::vector<std::shared_ptr<uint8_t>> buffers;
  std::vector<std::unique_ptr<Batch>> batches;
  Step step;
};

TEST(PinnedStage, TheLayoutIsTwoViewsOfRgb) {
  const LaneNodes nodes(1);
  const BatchLayout layout = nodes.stage->Layout();
  EXPECT_EQ(layout.rows, kRows);
  EXPECT_EQ(layout.views, 2);
  EXPECT_EQ(layout.bytes(), size_t{2} * kRows * kSide * kSide * 3);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(nodes.buffers[0].get()) % 64, 0u);
}

TEST(Normalise, ScalesByImageNetsMeanAndDeviationAndTransposesNothing) {
  const at::Tensor bytes = at::arange(2 * 4 * 5 * 3, at::kByte).view({2, 4, 5, 3});
  const at::Tensor x = Normalise(bytes);
  EXPECT_EQ(x.sizes(), (std::vector<int64_t>{2, 3, 4, 5}));
  EXPECT_TRUE(x.is_contiguous(at::MemoryFormat::ChannelsLast));
  const double expected =
      (static_cast<double>(bytes[1][2][3][1].item<uint8_t>()) / 255 - 0.456) / 0.224;
  EXPECT_NEAR(x[1][1][2][3].item<float>(), expected, 1e-5);
}

// `independent` means: the mean of the micro-batches' losses, each with its own negatives.
TEST(ForwardBackward, AccumulatesTheMeanOfTheMicroBatchesLosses) {
  LaneNodes nodes(3), reference(3);
  nodes.ForwardBackwardAll();

  SimclrModel& model = *reference.training.model;
  at::Tensor total = at::zeros({});
  for (auto& batch : reference.batches) {
    const at::Tensor images = at::from_blob(batch->buffer, {2 * kRows, kSide, kSide, 3}, at::kByte);
    total = total + NtXent(model.Project(model.Encode(Normalise(images))), 0.5) / 3;
  }
  total.backward();
  const auto& payload = static_cast<TrainPayload&>(*nodes.step.payload);
  EXPECT_NEAR(payload.loss.item<float>(), total.item<float>(), 1e-5);
  const auto expected = model.module().named_parameters();
  for (const auto& item : nodes.training.model->module().named_parameters()) {
    const at::Tensor& gradient = expected[item.key()].grad();
    EXPECT_TRUE(item.value().grad().allclose(gradient, 1e-3, 1e-5)) << item.key();
  }
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
  LaneNodes nodes(2, {{"learning_rate", "0.05"}, {"warmup_epochs", "1"}});
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

TEST(Device, RefusesWhatIsNotThere) {
  TestContext context;
  for (const char* name : {"tpu", "cuda:x", "cuda:99", "mps"}) {
    const auto device = Make<Device>("Device", {{"name", name}});
    EXPECT_THROW(device->Open(context), ConfigError) << name;
  }
}

}  // namespace
}  // namespace flowtrain
