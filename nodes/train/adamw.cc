#include <ATen/Functions.h>

#include <utility>

#include "nodes/train/update_rule.h"

namespace flowtrain {
namespace {

constexpr double kEpsilon = 1e-8;

class AdamW final : public UpdateRule {
 public:
  AdamW(const UpdateOptions& options, std::vector<ParameterGroup> groups) : options_(options) {
    for (ParameterGroup& group : groups) {
      State state;
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
    for (State& state : states_) {
      if (state.group.parameters.empty()) continue;
      at::_foreach_add_(state.steps, 1);
      at::_fused_adamw_(state.group.parameters, state.group.Gradients(), state.mean, state.square,
                        {}, state.steps, learning_rate, options_.beta1, options_.beta2,
                        state.group.decayed ? options_.weight_decay : 0.0, kEpsilon,
                        /*amsgrad=*/false, /*maximize=*/false, /*grad_scale=*/{}, found_inf);
      // A skipped step does not count.
      at::_foreach_sub_(state.steps,
                        std::vector<at::Tensor>(state.steps.size(), found_inf.squeeze()));
    }
  }

  void Save(torch::serialize::OutputArchive& archive) const override {
    for (size_t i = 0; i < states_.size(); ++i) {
      const std::string suffix = std::to_string(i);
      SaveList(archive, "mean" + suffix, states_[i].mean);
      SaveList(archive, "square" + suffix, states_[i].square);
      SaveList(archive, "steps" + suffix, states_[i].steps);
    }
  }
  void Load(torch::serialize::InputArchive& archive) override {
    for (size_t i = 0; i < states_.size(); ++i) {
      const std::string suffix = std::to_string(i);
      LoadList(archive, "mean" + suffix, states_[i].mean);
      LoadList(archive, "square" + suffix, states_[i].square);
      LoadList(archive, "steps" + suffix, states_[i].steps);
    }
  }

 private:
  struct State {
    ParameterGroup group;
    std::vector<at::Tensor> mean, square, steps;
  };
  const UpdateOptions options_;
  std::vector<State> states_;
};

}  // namespace

std::unique_ptr<UpdateRule> MakeAdamW(const UpdateOptions& options,
                                      std::vector<ParameterGroup> groups) {
  return std::make_unique<AdamW>(options, std::move(groups));
}

}  // namespace flowtrain
