#include "nodes/train/optimizer/optimizer_step.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/Functions.h>
#include <c10/core/Event.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>

#include "nodes/device/event_wait.h"
#include "nodes/device/host_memory.h"
#include "nodes/train/optimizer/train_payload.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/log.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

// Steps that the device may be behind by. More of them gain nothing, and a host that is far ahead
// tells the time it takes to launch a step, not the time a step takes.
constexpr size_t kStepsInFlight = 2;

// `figures` on the host: loss, found_inf, scale.
StepFigures Read(const at::Tensor& figures) {
  const float* values = figures.data_ptr<float>();
  return {.loss = values[0], .skipped = values[1] != 0, .loss_scale = values[2]};
}

}  // namespace

void OptimizerStep::Declare(NodeSpec& spec) {
  spec.Doc("Moves the parameters by the window's gradients, unless one of them is not finite.")
      .Input("windows", Stream::kStep)
      .Output("steps", Stream::kStep)
      .OnLane()
      .Uses("device", "Device")
      .Uses("optimizer", "Optimizer");
}

void OptimizerStep::Open(const OpenContext& context) {
  context_ = &context;
  device_ = &context.Get<Device>("device");
  optimizer_ = &context.Get<Optimizer>("optimizer");
}

void OptimizerStep::Start() {
  total_bytes_ = device_->TotalBytes();
  spill_watch_ = SpillWatch(device_->RoomBytes());
  last_ns_ = NowNs();
  last_idle_ns_ = context_->lane_idle_ns();
  last_paused_ns_ = device_->PausedNs();
}

void OptimizerStep::Process(Step& step) {
  if (step.total_steps == 0) {
    throw std::logic_error("the source does not say how long the run is (Batch::total_steps)");
  }
  auto& payload = static_cast<TrainPayload&>(*step.payload);
  const Optimizer::StepResult result = optimizer_->Step({.step = step.step,
                                                         .steps_per_epoch = step.steps_per_epoch,
                                                         .total_steps = step.total_steps,
                                                         .images = payload.whole_window},
                                                        payload.loss);
  StepRecord& record = *payload.record;
  record.step = step.step;
  record.epoch = step.epoch;
  record.images = step.images;
  record.last_of_epoch = step.last_of_epoch;
  record.learning_rate = result.learning_rate;
  FillClock(record);
  FillDevice(record);
  const at::Tensor figures = at::cat({payload.loss.reshape({1}).to(at::kFloat),
                                      result.found_inf.reshape({1}), result.scale.reshape({1})});
  SendForFigures(figures, record);
  payload.loss = at::Tensor();
  AwaitOldSteps();
  if (payload.last_window) context_->run().StopHere();
}

void OptimizerStep::AwaitOldSteps() {
  while (in_flight_.size() > kStepsInFlight) {
    WaitFor(*in_flight_.front());
    in_flight_.pop_front();
  }
}

// So that the last steps' figures are on the host when the report asks for them.
void OptimizerStep::Flush() { device_->Synchronize(); }

void OptimizerStep::FillClock(StepRecord& record) {
  const uint64_t now_ns = NowNs(), idle_ns = context_->lane_idle_ns();
  const uint64_t paused_ns = device_->PausedNs();
  const uint64_t passed_ns = now_ns - last_ns_, pause_ns = paused_ns - last_paused_ns_;
  const double elapsed = passed_ns > pause_ns ? static_cast<double>(passed_ns - pause_ns) : 0.0;
  record.seconds = elapsed / 1e9;
  record.data_wait =
      elapsed > 0 ? std::min(1.0, static_cast<double>(idle_ns - last_idle_ns_) / elapsed) : 0.0;
  last_ns_ = now_ns;
  last_idle_ns_ = idle_ns;
  last_paused_ns_ = paused_ns;
}

void OptimizerStep::FillDevice(StepRecord& record) {
  if (!device_->is_accelerator()) return;
  record.device_bytes = device_->ReservedBytes();
  record.device_peak_bytes = device_->PeakBytes();
  record.device_total_bytes = total_bytes_;
  record.gpu = device_->Status();
  const std::string spilling = spill_watch_.Add(record, context_->NameOf("device", "memory_limit"));
  if (!spilling.empty()) LogWarning(spilling);
}

void OptimizerStep::SendForFigures(const at::Tensor& figures, StepRecord& record) {
  if (!device_->is_accelerator()) {
    static_cast<StepFigures&>(record) = Read(figures);
    return;
  }
  const at::Tensor host = PinnedTensor(figures.sizes(), at::kFloat);
  host.copy_(figures, /*non_blocking=*/true);
  const auto arrived = std::make_shared<c10::Event>(device_->device().type());
  arrived->record(at::accelerator::getCurrentStream(device_->device().index()));
  in_flight_.push_back(arrived);
  record.fetch = [host, arrived](bool wait) -> std::optional<StepFigures> {
    if (wait) WaitFor(*arrived);
    if (!arrived->query()) return std::nullopt;
    return Read(host);
  };
}

FLOWTRAIN_REGISTER(OptimizerStep);

}  // namespace flowtrain
