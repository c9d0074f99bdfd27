// The optimiser of a run: update rule, learning-rate schedule and loss scaling.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nodes/train/optimizer/loss_scaler.h"
#include "nodes/train/optimizer/lr_schedule.h"
#include "nodes/train/optimizer/update_rule.h"
#include "pipeline/node/node.h"

namespace flowtrain {

class SimclrModel;

// Where a step is in its run.
struct StepPlace {
  uint64_t step = 0;  // from 0
  uint64_t steps_per_epoch = 1, total_steps = 1;
  int images = 0;  // the effective batch: the images of a whole window
};

// Opened for the parameters of the model. No call waits for the device.
class Optimizer final : public Resource {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;

  // The loss to call backward on: multiplied by the loss scale under FP16.
  at::Tensor ScaleLoss(const at::Tensor& loss) const { return scaler_->Scale(loss); }
  void ZeroGrad();

  // The figures of one step: device scalars that must be read before the next step.
  struct StepResult {
    double learning_rate = 0;
    at::Tensor found_inf;  // [1]: 1 where the step was skipped
    at::Tensor scale;      // [1]: the scale of the step's loss
  };
  // Unscales the gradients, moves the parameters unless a gradient or the loss is not finite, and
  // adapts the scale. A skipped step leaves no trace in the running statistics either, as far as
  // the model has saved them.
  StepResult Step(const StepPlace& place, const at::Tensor& loss = {});
  // The learning rates of a run, with `images` per step.
  LrSchedule Schedule(uint64_t steps_per_epoch, uint64_t total_steps, int images) const {
    return MakeSchedule(schedule_, steps_per_epoch, total_steps, images);
  }
  const ScheduleOptions& schedule() const { return schedule_; }
  double loss_scale() const;  // of the next step; waits for the device

  std::string name() const { return ChoiceName(UpdateNames(), update_.name); }

  // What it keeps from step to step, by name, the loss scaler's under "scaler.": the tensors
  // themselves, not copies.
  NamedTensors State() const;

 private:
  UpdateOptions update_;  // options
  ScheduleOptions schedule_;

  SimclrModel* model_ = nullptr;
  std::vector<at::Tensor> parameters_;
  std::unique_ptr<UpdateRule> rule_;
  std::unique_ptr<LossScaler> scaler_;
};

}  // namespace flowtrain
