#include <ATen/Functions.h>

#include <utility>

#include "nodes/train/optimizer/update_rule.h"

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
    for (size_t i = 0; i < groups_.size(); ++i) {
      const std::vector<at::Tensor>& parameters = groups_[i].parameters;
      if (parameters.empty()) continue;
      std::vector<at::Tensor> move = groups_[i].Gradients();
      if (groups_[i].decayed) {
        const std::vector<at::Tensor> trust = Trust(parameters, move);
        at::_foreach_add_(move, parameters, options_.weight_decay);
        at::_foreach_mul_(move, trust);
      }
      // The gradients are now what LARS subtracts, without the learning rate, which LARS applies
      // inside its velocity: momentum SGD at a rate of 1 does the rest.
      at::_foreach_mul_(move, learning_rate);
      const MomentumStep step{.learning_rate = 1, .momentum = options_.momentum};
      step.Apply(parameters, move, velocity_[i], found_inf);
    }
  }

  NamedTensors State() const override {
    NamedTensors state;
    for (size_t i = 0; i < groups_.size(); ++i) {
      AddList("velocity" + std::to_string(i), velocity_[i], state);
    }
    return state;
  }

 private:
  // The trust ratio of each parameter; 1 if a norm is 0 and so says nothing about the scale.
  std::vector<at::Tensor> Trust(const std::vector<at::Tensor>& parameters,
                                const std::vector<at::Tensor>& gradients) const {
    const at::Tensor weight = at::stack(at::_foreach_norm(parameters));
    const at::Tensor gradient = at::stack(at::_foreach_norm(gradients));
    const at::Tensor trust =
        kTrustCoefficient * weight / (gradient + options_.weight_decay * weight);
    const at::Tensor usable = (weight > 0).logical_and(gradient > 0);
    return at::where(usable, trust, at::ones_like(trust)).unbind();
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
