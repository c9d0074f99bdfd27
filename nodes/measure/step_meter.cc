#include "nodes/measure/step_meter.h"

#include <stdexcept>

#include "nodes/device/device.h"
#include "nodes/run/step_record.h"
#include "pipeline/base/clock.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

double SecondsToFinish(const Device& device) {
  const uint64_t begin_ns = NowNs();
  device.Synchronize();
  return static_cast<double>(NowNs() - begin_ns) * 1e-9;
}

}  // namespace

void StepMeter::Declare(NodeSpec& spec) {
  spec.Doc("Sums up steps, images and times, and writes nothing.")
      .Input("steps", Stream::kStep)
      .MayUse("device", "Device")
      .Option(&StepMeter::skip_, "skip", 1,
              "Steps at the start that the rates leave out, since start-up slows them down.",
              AtLeast{0});
}

void StepMeter::Open(const OpenContext& context) { device_ = context.TryGet<Device>("device"); }

void StepMeter::Process(Step& step) {
  const auto* payload = dynamic_cast<const StepPayload*>(step.payload.get());
  if (payload == nullptr || payload->record == nullptr) {
    throw std::logic_error(
        "the step carries no record; StepMeter stands after an optimiser's node");
  }
  StepRecord record = *payload->record;
  const bool last = step.step + 1 == step.total_steps;
  if (last && device_ != nullptr) {
    const double waited_s = record.data_wait * record.seconds;
    record.seconds += SecondsToFinish(*device_);
    record.data_wait = record.seconds > 0 ? waited_s / record.seconds : 0;
  }
  totals_.Add(record, totals_.steps() >= static_cast<uint64_t>(skip_));
  const bool started_up = totals_.steps() == static_cast<uint64_t>(skip_);
  if (started_up && device_ != nullptr) StartClock();
}

void StepMeter::StartClock() {
  const uint64_t begin_ns = NowNs();
  device_->Synchronize();
  device_->AddPause(NowNs() - begin_ns);  // not of the next step
  device_->ResetPeak();
}

FLOWTRAIN_REGISTER(StepMeter);

}  // namespace flowtrain
