#include <ATen/Functions.h>

#include <utility>

#include "nodes/train/optimizer/update_rule.h"

namespace flowtrain {
namespace {

constexpr double kEpsilon = 1e-8;

class AdamW final : public UpdateRule {
 public:
  AdamW(const UpdateOptions& options, std::vector<ParameterGroup> groups) : options_(options) {
    for (ParameterGroup& group : groups) {
      GroupState state;
      state.mean = ZerosLike(group.parameters);
      state.square = ZerosLike(group.parameters);
      for (const at::Tensor& parameter : group.parameters) {
        state.steps.push_back(at::zeros({}, parameter.options().dtype(at::kFloat)));
      }
      state.group = std::move(group);
      states_.push_back(std::move(state));
    }
  }

  void Apply(double learning_rate, const at::Tensor& found_inf) override {
    for (GroupState& state : states_) {
      if (state.group.parameters.empty()) continue;
      at::_foreach_add_(state.steps, 1);
      at::_fused_adamw_(state.group.parameters, state.group.Gradients(), state.mean, state.square,
                        {}, state.steps, learning_rate, options_.betas[0], options_.betas[1],
                        state.group.decayed ? options_.weight_decay : 0.0, kEpsilon,
                        /*amsgrad=*/false, /*maximize=*/false, /*grad_scale=*/{}, found_inf);
      // A skipped step does not count.
      at::_foreach_sub_(state.steps,
                        std::vector<at::Tensor>(state.steps.size(), found_inf.squeeze()));
    }
  }

  NamedTensors State() const override {
    NamedTensors state;
    for (size_t i = 0; i < states_.size(); ++i) {
      const std::string suffix = std::to_string(i);
      AddList("mean" + suffix, states_[i].mean, state);
      AddList("square" + suffix, states_[i].square, state);
      AddList("steps" + suffix, states_[i].steps, state);
    }
    return state;
  }

 private:
  struct GroupState {
    ParameterGroup group;
    std::vector<at::Tensor> mean, square, steps;
  };
  const UpdateOptions options_;
  std::vector<GroupState> states_;
};

}  // namespace

std::unique_ptr<UpdateRule> MakeAdamW(const UpdateOptions& options,
                                      std::vector<ParameterGroup> groups) {
  return std::make_unique<AdamW>(options, std::move(groups));
}

}  // namespace flowtrain
