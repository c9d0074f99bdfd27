#include <ATen/Functions.h>

#include <utility>

#include "nodes/train/update_rule.h"

namespace flowtrain {
namespace {

constexpr double kTrustCoefficient = 0.001;

class Lars final : public UpdateRule {
 public:
  Lars(const UpdateOptions& options, std::vector<ParameterGroup> groups)
      : options_(options), groups_(std::move(groups)) {
    for (const ParameterGroup& group : groups_) velocity_.push_back(ZerosLike(group.parameters));
  }

  void Apply(double learning_rate, const at::Tensor& found_inf) override {
    // Multiplying by `keep` (1, or 0 for a step to skip) instead of asking its value saves a wait
    // for the device.
    const at::Tensor keep = 1 - found_inf.squeeze();
    const at::Tensor decay = keep * (options_.momentum - 1) + 1;  // the momentum, or 1
    for (size_t i = 0; i < groups_.size(); ++i) {
      if (groups_[i].parameters.empty()) continue;
      const std::vector<at::Tensor> move = Move(groups_[i], learning_rate, keep);
      const size_t count = move.size();
      at::_foreach_mul_(velocity_[i], std::vector<at::Tensor>(count, decay));
      at::_foreach_add_(velocity_[i], move);
      at::_foreach_sub_(groups_[i].parameters,
                        at::_foreach_mul(velocity_[i], std::vector<at::Tensor>(count, keep)));
    }
  }

  void Save(torch::serialize::OutputArchive& archive) const override {
    for (size_t i = 0; i < groups_.size(); ++i) {
      SaveList(archive, "velocity" + std::to_string(i), velocity_[i]);
    }
  }
  void Load(torch::serialize::InputArchive& archive) override {
    for (size_t i = 0; i < groups_.size(); ++i) {
      LoadList(archive, "velocity" + std::to_string(i), velocity_[i]);
    }
  }

 private:
  // lr t (g + wd w), or zeros where the step is skipped.
  std::vector<at::Tensor> Move(const ParameterGroup& group, double learning_rate,
                               const at::Tensor& keep) const {
    std::vector<at::Tensor> move;
    move.reserve(group.parameters.size());
    for (const at::Tensor& parameter : group.parameters) {
      // A non-finite gradient is about to be multiplied by 0, which only a finite number survives.
      const at::Tensor gradient = parameter.grad().nan_to_num(0, 0, 0);
      move.push_back(group.decayed ? parameter * options_.weight_decay + gradient : gradient);
      at::Tensor factor = keep * learning_rate;
      if (group.decayed) factor = factor * Trust(parameter, gradient);
      move.back() = move.back() * factor;
    }
    return move;
  }

  at::Tensor Trust(const at::Tensor& parameter, const at::Tensor& gradient) const {
    const at::Tensor weight_norm = parameter.norm(), gradient_norm = gradient.norm();
    const at::Tensor trust =
        kTrustCoefficient * weight_norm / (gradient_norm + options_.weight_decay * weight_norm);
    const at::Tensor usable = (weight_norm > 0).logical_and(gradient_norm > 0);
    return at::where(usable, trust, at::ones_like(trust));
  }

  const UpdateOptions options_;
  std::vector<ParameterGroup> groups_;
  std::vector<std::vector<at::Tensor>> velocity_;
};

}  // namespace

std::unique_ptr<UpdateRule> MakeLars(const UpdateOptions& options,
                                     std::vector<ParameterGroup> groups) {
  return std::make_unique<Lars>(options, std::move(groups));
}

}  // namespace flowtrain
