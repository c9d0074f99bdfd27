#include "nodes/train/optimizer/optimizer_step.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "nodes/train/optimizer/train_payload.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

TEST(OptimizerStep, DataWaitIsTheLanesIdleShareOfTheStep) {
  Training training(Options{{"stem", "small"}});
  const auto node = Make<OptimizerStep>();
  training.context.idle_ns = 500;  // before the first step: counts for none
  node->Open(training.context);
  node->Start();

  const auto run_step = [&](uint64_t idle_ns) {
    training.context.idle_ns += idle_ns;
    for (at::Tensor& parameter : training.model->module().parameters()) {
      parameter.mutable_grad() = at::zeros_like(parameter);
    }
    Step step;
    step.total_steps = 100;
    auto payload = std::make_unique<TrainPayload>();
    payload->record = std::make_shared<StepRecord>();
    payload->loss = at::full({}, 2.5);
    const std::shared_ptr<StepRecord> record = payload->record;
    step.payload = std::move(payload);
    node->Process(step);
    return record;
  };
  const auto busy = run_step(0);
  EXPECT_EQ(busy->data_wait, 0);
  EXPECT_EQ(busy->loss, 2.5);
  EXPECT_TRUE(busy->Fetch(false));  // on a CPU the figures are there at once
  // Idle for longer than any step takes: all of it, and no more than all.
  EXPECT_EQ(run_step(uint64_t{1} << 60)->data_wait, 1);
  EXPECT_EQ(run_step(0)->data_wait, 0);
  // What the lane did beside the training is not of the step's time.
  training.device->AddPause(uint64_t{1} << 60);
  const auto paused = run_step(0);
  EXPECT_EQ(paused->seconds, 0);
  EXPECT_GT(run_step(0)->seconds, 0);
}

}  // namespace
}  // namespace flowtrain
