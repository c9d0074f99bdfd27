#include "nodes/train/update_rule.h"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>

#include <stdexcept>
#include <utility>

namespace flowtrain {

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
  if (options.name == "sgd") return MakeSgd(options, std::move(groups));
  if (options.name == "adamw") return MakeAdamW(options, std::move(groups));
  if (options.name == "lars") return MakeLars(options, std::move(groups));
  throw std::invalid_argument("unknown optimizer '" + options.name + "'");
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

void SaveList(torch::serialize::OutputArchive& archive, const std::string& name,
              const std::vector<at::Tensor>& tensors) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    archive.write(name + '.' + std::to_string(i), tensors[i], true);
  }
}

void LoadList(torch::serialize::InputArchive& archive, const std::string& name,
              std::vector<at::Tensor>& tensors) {
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < tensors.size(); ++i) {
    at::Tensor stored;
    archive.read(name + '.' + std::to_string(i), stored, true);
    if (stored.sizes() != tensors[i].sizes()) {
      throw std::runtime_error("optimizer state '" + name + "' has another shape");
    }
    tensors[i].copy_(stored);
  }
}

std::vector<at::Tensor> ZerosLike(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> zeros;
  zeros.reserve(tensors.size());
  for (const at::Tensor& tensor : tensors) zeros.push_back(at::zeros_like(tensor));
  return zeros;
}

}  // namespace flowtrain
