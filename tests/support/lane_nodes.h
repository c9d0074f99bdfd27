// The lane's nodes over a small model, and batches of noise.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "nodes/device/pinned_stage.h"
#include "nodes/train/forward_backward.h"
#include "nodes/train/optimizer/optimizer_step.h"
#include "nodes/train/optimizer/train_payload.h"
#include "pipeline/base/philox.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {

struct LaneNodes {
  struct Settings {
    int window = 1;  // batches
    int rows = 4;    // images per batch
    int side = 8;    // pixels
    Options forward_backward = {};
    Options optimizer = {{"learning_rate", "0.05"}, {"warmup_epochs", "0"}};
    Options device = {}, model = {};  // override those of Training
    Resource* ranks = nullptr;
  };

  explicit LaneNodes(const Settings& given)
      : settings(given), training(given.model, given.optimizer, given.device) {
    stage = Make<PinnedStage>({{"batch_size", std::to_string(settings.rows)},
                               {"image_size", std::to_string(settings.side)}});
    training.context.batch = stage->Layout();
    if (settings.ranks != nullptr) training.context.resources["ranks"] = settings.ranks;
    forward_backward = Make<ForwardBackward>(settings.forward_backward);
    optimizer_step = Make<OptimizerStep>();
    stage->Open(training.context);
    forward_backward->Open(training.context);
    optimizer_step->Open(training.context);
    for (int i = 0; i < settings.window; ++i) AddBatch(i);
    stage->Start();
    forward_backward->Start();
    optimizer_step->Start();
    step.payload = forward_backward->NewPayload();
    step.images = settings.rows * settings.window;
    step.steps_per_epoch = 10;
    step.total_steps = 1000;
  }
  explicit LaneNodes(int window) : LaneNodes(Settings{.window = window}) {}

  void AddBatch(int in_window) {
    auto batch = std::make_unique<Batch>();
    batch->layout = stage->Layout();
    buffers.push_back(stage->Allocate(batch->layout.bytes()));
    batch->buffer = buffers.back().get();
    batch->in_window = in_window;
    batch->window = settings.window;
    batch->ids.resize(static_cast<size_t>(settings.rows));
    for (size_t row = 0; row < batch->ids.size(); ++row) {
      batch->ids[row] = static_cast<uint64_t>(in_window) * batch->ids.size() + row;
    }
    Rng rng({.seed = 1, .id = static_cast<uint64_t>(in_window), .purpose = kTesting});
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
    return *payload().record;
  }
  TrainPayload& payload() const { return static_cast<TrainPayload&>(*step.payload); }
  SimclrModel& model() const { return *training.model; }

  // All gradients, concatenated.
  at::Tensor Gradients() const {
    std::vector<at::Tensor> all;
    for (const at::Tensor& parameter : model().module().parameters()) {
      all.push_back(parameter.grad().flatten());
    }
    return at::cat(all);
  }
  // All buffers, that is, the running statistics.
  at::Tensor Buffers() const {
    std::vector<at::Tensor> all;
    for (const at::Tensor& buffer : model().module().buffers()) {
      all.push_back(buffer.flatten().to(at::kDouble));
    }
    return at::cat(all).clone();
  }

  Settings settings;
  Training training;
  std::unique_ptr<PinnedStage> stage;
  std::unique_ptr<ForwardBackward> forward_backward;
  std::unique_ptr<OptimizerStep> optimizer_step;
  std::vector<std::shared_ptr<uint8_t>> buffers;
  std::vector<std::unique_ptr<Batch>> batches;
  Step step;
};

}  // namespace flowtrain
