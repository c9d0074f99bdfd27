#include "nodes/train/optimizer/update_rule.h"

#include <ATen/Functions.h>

#include <stdexcept>
#include <utility>

namespace flowtrain {

Choices<UpdateName> UpdateNames() {
  return {{{"sgd", UpdateName::kSgd}, {"adamw", UpdateName::kAdamW}, {"lars", UpdateName::kLars}}};
}

void UpdateOptions::Declare(OptionsOf<UpdateOptions>& options) {
  using Self = UpdateOptions;
  options.Option(&Self::name, "name", "The update rule.", UpdateNames())
      .Option(&Self::momentum, "momentum", "Momentum of sgd and lars.", Between{0, 1})
      .Option(&Self::betas, "betas", "Decay rates of adamw's running averages (beta1, beta2).",
              Between{0, 0.999999})
      .Option(&Self::weight_decay, "weight_decay", "Weight decay; biases and batch-norm have none.",
              AtLeast{0});
}

std::vector<at::Tensor> ParameterGroup::Gradients() const {
  std::vector<at::Tensor> gradients;
  gradients.reserve(parameters.size());
  for (const at::Tensor& parameter : parameters) gradients.push_back(parameter.grad());
  return gradients;
}

std::unique_ptr<UpdateRule> MakeUpdateRule(const UpdateOptions& options,
                                           const std::vector<at::Tensor>& parameters) {
  std::vector<ParameterGroup> groups(2);
  groups[0].decayed = true;
  for (const at::Tensor& parameter : parameters) {
    groups[parameter.dim() > 1 ? 0 : 1].parameters.push_back(parameter);
  }
  switch (options.name) {
    case UpdateName::kSgd:
      return MakeSgd(options, std::move(groups));
    case UpdateName::kAdamW:
      return MakeAdamW(options, std::move(groups));
    case UpdateName::kLars:
      return MakeLars(options, std::move(groups));
  }
  throw std::logic_error("an update rule without a name");
}

void MomentumStep::Apply(const std::vector<at::Tensor>& parameters,
                         const std::vector<at::Tensor>& gradients,
                         const std::vector<at::Tensor>& velocity,
                         const at::Tensor& found_inf) const {
  if (parameters.empty()) return;
  // The kernel refuses buffers that a momentum of 0 would leave unused.
  const at::TensorList buffers = momentum == 0 ? at::TensorList() : at::TensorList(velocity);
  at::_fused_sgd_(parameters, gradients, buffers, weight_decay, momentum, learning_rate,
                  /*dampening=*/0.0, /*nesterov=*/false, /*maximize=*/false,
                  /*is_first_step=*/false, /*grad_scale=*/{}, found_inf);
}

void AddList(const std::string& name, const std::vector<at::Tensor>& tensors, NamedTensors& state) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    state.emplace_back(name + '.' + std::to_string(i), tensors[i]);
  }
}

std::vector<at::Tensor> ZerosLike(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> zeros;
  zeros.reserve(tensors.size());
  for (const at::Tensor& tensor : tensors) zeros.push_back(at::zeros_like(tensor));
  return zeros;
}

}  // namespace flowtrain
