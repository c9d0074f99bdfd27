#include "nodes/train/optimizer/optimizer.h"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "nodes/train/model/simclr_model.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void Optimizer::Declare(NodeSpec& spec) {
  spec.Doc(
          "The optimiser: update rule, learning-rate schedule (linear warm-up, then cosine to 0, a "
          "step at a "
          "time) and loss scaling under FP16. Weight decay skips biases and batch-norm.")
      .Uses("model", "SimclrModel")
      .Option(&Optimizer::name_, "name", std::string("sgd"), "The update rule.",
              OneOf{{"sgd", "adamw", "lars"}})
      .Option(&Optimizer::learning_rate_, "learning_rate", 0.06, "After the warm-up.", AtLeast{0})
      .Option(
          &Optimizer::lr_scaling_, "lr_scaling", std::string("none"),
          "By the effective batch N: none; linear: learning_rate x N / 256; sqrt: learning_rate "
          "x sqrt(N).",
          OneOf{{"none", "linear", "sqrt"}})
      .Option(&Optimizer::momentum_, "momentum", 0.9, "Of sgd and lars.", Between{0, 1})
      .Option(&Optimizer::betas_, "betas", std::vector<double>{0.9, 0.999},
              "Two numbers, of adamw.", Between{0, 1})
      .Option(&Optimizer::weight_decay_, "weight_decay", 5e-4, "Not on biases and batch-norm.",
              AtLeast{0})
      .Option(&Optimizer::warmup_epochs_, "warmup_epochs", 10.0, "Epochs of linear rise from 0.",
              AtLeast{0})
      .Option(&Optimizer::epochs_, "epochs", int64_t{100}, "Length of the schedule, epochs.",
              AtLeast{1})
      .Option(&Optimizer::max_steps_, "max_steps", int64_t{0},
              "Ends the schedule earlier, steps; 0: no limit.", AtLeast{0});
}

void Optimizer::Open(const OpenContext& context) {
  if (betas_.size() != 2)
    throw ConfigError("optimizer '" + context.name() + "': betas takes two numbers");
  model_ = &context.Get<SimclrModel>("model");
  SimclrModel& model = *model_;
  options_ = {name_, momentum_, betas_[0], betas_[1], weight_decay_};
  parameters_ = model.module().parameters();
  rule_ = MakeUpdateRule(options_, parameters_);
  const at::TensorOptions on_device = at::TensorOptions().device(model.device().device());
  scaler_ = std::make_unique<LossScaler>(model.device().precision() == Precision::kFp16, on_device);
}

void Optimizer::ZeroGrad() {
  for (at::Tensor& parameter : parameters_) parameter.mutable_grad() = at::Tensor();
}

Optimizer::StepResult Optimizer::Step(uint64_t step, uint64_t steps_per_epoch, int images,
                                      const at::Tensor& loss) {
  const c10::NoGradGuard no_grad;
  StepResult result;
  result.learning_rate = Schedule(steps_per_epoch, images).At(step);
  result.scale = scaler_->scale().clone();
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parameters_) gradients.push_back(parameter.grad());
  scaler_->Unscale(gradients, loss);
  rule_->Apply(result.learning_rate, scaler_->found_inf());
  model_->running_statistics().RestoreWhere(scaler_->found_inf());
  result.found_inf = scaler_->found_inf();
  scaler_->Update();
  return result;
}

double Optimizer::loss_scale() const { return scaler_->scale().item<double>(); }

LrSchedule Optimizer::Schedule(uint64_t steps_per_epoch, int images) const {
  uint64_t total = static_cast<uint64_t>(epochs_) * steps_per_epoch;
  if (max_steps_ > 0) total = std::min(total, static_cast<uint64_t>(max_steps_));
  const auto warmup =
      static_cast<uint64_t>(std::llround(warmup_epochs_ * static_cast<double>(steps_per_epoch)));
  return {ScaleLearningRate(lr_scaling_, learning_rate_, images), std::min(warmup, total), total};
}

NamedTensors Optimizer::State() const {
  NamedTensors state = rule_->State();
  for (auto& [name, tensor] : scaler_->State()) state.emplace_back("scaler." + name, tensor);
  return state;
}

FLOWTRAIN_REGISTER(Optimizer);

}  // namespace flowtrain
