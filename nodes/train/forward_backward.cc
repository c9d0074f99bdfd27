#include "nodes/train/forward_backward.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/Functions.h>

#include "nodes/stage/staged_batch.h"
#include "nodes/train/autocast.h"
#include "nodes/train/normalise.h"
#include "nodes/train/train_payload.h"
#include "pipeline/registry.h"

namespace flowtrain {

void ForwardBackward::Declare(NodeSpec& spec) {
  spec.Doc(
          "The forward and backward passes of a window: both views in one forward, NT-Xent in "
          "fp32, mixed "
          "precision by autocast.")
      .Input("batches", Stream::kBatch)
      .Output("windows", Stream::kStep)
      .Uses("device", "Device")
      .Uses("model", "SimclrModel")
      .Uses("optimizer", "Optimizer")
      .Option(&ForwardBackward::temperature_, "temperature", 0.5, "Of NT-Xent.", AtLeast{1e-4})
      .Option(&ForwardBackward::accumulation_, "accumulation", std::string("independent"),
              "independent: the mean of the micro-batches' losses.", OneOf{{"independent"}});
}

void ForwardBackward::Open(const OpenContext& context) {
  device_ = &context.Get<Device>("device");
  model_ = &context.Get<SimclrModel>("model");
  optimizer_ = &context.Get<Optimizer>("optimizer");
  loss_ = MakeLoss({.name = "nt_xent", .temperature = temperature_});
  if (context.layout().rows < 2) {
    throw ConfigError("a contrastive loss needs negatives: data.batch_size must be at least 2");
  }
}

std::unique_ptr<Payload> ForwardBackward::NewPayload() { return std::make_unique<TrainPayload>(); }

void ForwardBackward::Start() { model_->SetTraining(true); }

void ForwardBackward::Process(Batch& batch, Step& step) {
  auto& payload = static_cast<TrainPayload&>(*step.payload);
  if (batch.micro == 0) {
    WaitForTheWindowBeforeLast();
    optimizer_->ZeroGrad();
    payload.record = std::make_shared<StepRecord>();
    payload.loss = at::Tensor();
  }
  const at::Tensor loss = loss_(Represent(Take(batch))) / batch.window;
  optimizer_->ScaleLoss(loss).backward();
  payload.loss = payload.loss.defined() ? payload.loss + loss.detach() : loss.detach();
  if (batch.micro + 1 == batch.window) MarkEndOfWindow();
}

void ForwardBackward::Close() noexcept { window_ends_.clear(); }

at::Tensor ForwardBackward::Take(Batch& batch) const {
  auto& staged = static_cast<StagedBatch&>(*batch.payload);
  if (staged.copied) {
    const c10::Stream compute = at::accelerator::getCurrentStream(device_->device().index());
    staged.copied->block(compute);
    // Made on the copy stream and read on this one: its memory must outlive what is queued here.
    staged.images.record_stream(compute);
    // The buffer goes home when Process returns. The copy was queued a micro-batch ago, so it is
    // long done.
    staged.copied->synchronize();
  }
  const at::Tensor images = staged.images;
  batch.payload.reset();
  return images;
}

at::Tensor ForwardBackward::Represent(const at::Tensor& images) {
  const Autocast autocast(device_->device().type(), device_->compute_type());
  return model_->Project(model_->Encode(Normalise(images)));
}

// The host runs ahead of a GPU by two windows at most: enough to keep it busy, and a bound for its
// memory.
void ForwardBackward::WaitForTheWindowBeforeLast() {
  if (window_ends_.size() < 2) return;
  window_ends_.front().synchronize();
  window_ends_.pop_front();
}

void ForwardBackward::MarkEndOfWindow() {
  if (!device_->is_cuda()) return;
  window_ends_.emplace_back(device_->device().type());
  window_ends_.back().record(at::accelerator::getCurrentStream(device_->device().index()));
}

FLOWTRAIN_REGISTER_NODE(ForwardBackward);

}  // namespace flowtrain
