#include "nodes/train/optimizer/optimizer.h"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>

#include "nodes/train/model/simclr_model.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void Optimizer::Declare(NodeSpec& spec) {
  spec.Doc(
          "The optimiser: update rule, learning-rate schedule (linear warm-up, then cosine to 0, a "
          "step at a "
          "time) and loss scaling under FP16. Weight decay skips biases and batch-norm.")
      .Uses("model", "SimclrModel")
      .Options(&Optimizer::update_)
      .Options(&Optimizer::schedule_)
      .Retired("epochs", "the source says how long the run is")
      .Retired("max_steps", "the source says how long the run is");
}

void Optimizer::Open(const OpenContext& context) {
  model_ = &context.Get<SimclrModel>("model");
  SimclrModel& model = *model_;
  parameters_ = model.module().parameters();
  rule_ = MakeUpdateRule(update_, parameters_);
  const at::TensorOptions on_device = at::TensorOptions().device(model.device().device());
  scaler_ = std::make_unique<LossScaler>(model.device().precision() == Precision::kFp16, on_device);
}

void Optimizer::ZeroGrad() {
  for (at::Tensor& parameter : parameters_) parameter.mutable_grad() = at::Tensor();
}

Optimizer::StepResult Optimizer::Step(const StepPlace& place, const at::Tensor& loss) {
  const c10::NoGradGuard no_grad;
  StepResult result;
  result.learning_rate =
      Schedule(place.steps_per_epoch, place.total_steps, place.images).At(place.step);
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

NamedTensors Optimizer::State() const {
  NamedTensors state = rule_->State();
  for (auto& [name, tensor] : scaler_->State()) state.emplace_back("scaler." + name, tensor);
  return state;
}

FLOWTRAIN_REGISTER(Optimizer);

}  // namespace flowtrain
