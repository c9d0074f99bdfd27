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

// Opened for the parameters of the model. No call waits for the device.
class Optimizer final : public Resource {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;

  // The loss to call backward on: times the loss scale under FP16.
  at::Tensor ScaleLoss(const at::Tensor& loss) const { return scaler_->Scale(loss); }
  void ZeroGrad();

  // Of one step; device scalars that must be read before the next step.
  struct StepResult {
    double learning_rate = 0;
    at::Tensor found_inf;  // [1]: 1 where the step was skipped
    at::Tensor scale;      // [1]: the scale that the step's loss had
  };
  // Unscales the gradients, moves the parameters unless a gradient or the loss is not finite,
  // adapts the scale. A step that is left out leaves no trace in the running statistics either, as
  // far as the model has saved them. Steps count from 0 over the run; `images` is the effective
  // batch, the images of the step's window.
  StepResult Step(uint64_t step, uint64_t steps_per_epoch, int images, const at::Tensor& loss = {});
  double loss_scale() const;  // of the next step; waits for the device

  LrSchedule Schedule(uint64_t steps_per_epoch, int images) const;
  const std::string& name() const { return options_.name; }

  // What it keeps from step to step, by name, the loss scaler's under "scaler.": the tensors
  // themselves, no copies.
  NamedTensors State() const;

 private:
  std::string name_, lr_scaling_;  // options
  double learning_rate_ = 0, momentum_ = 0, weight_decay_ = 0, warmup_epochs_ = 0;
  std::vector<double> betas_;
  int64_t epochs_ = 0, max_steps_ = 0;

  SimclrModel* model_ = nullptr;
  UpdateOptions options_;
  std::vector<at::Tensor> parameters_;
  std::unique_ptr<UpdateRule> rule_;
  std::unique_ptr<LossScaler> scaler_;
};

}  // namespace flowtrain
