#include <utility>

#include "nodes/train/optimizer/update_rule.h"

namespace flowtrain {
namespace {

class Sgd final : public UpdateRule {
 public:
  Sgd(const UpdateOptions& options, std::vector<ParameterGroup> groups)
      : options_(options), groups_(std::move(groups)) {
    for (const ParameterGroup& group : groups_) momentum_.push_back(ZerosLike(group.parameters));
  }

  void Apply(double learning_rate, const at::Tensor& found_inf) override {
    for (size_t i = 0; i < groups_.size(); ++i) {
      const MomentumStep step{.learning_rate = learning_rate,
                              .momentum = options_.momentum,
                              .weight_decay = groups_[i].decayed ? options_.weight_decay : 0.0};
      step.Apply(groups_[i].parameters, groups_[i].Gradients(), momentum_[i], found_inf);
    }
  }

  NamedTensors State() const override {
    NamedTensors state;
    for (size_t i = 0; i < groups_.size(); ++i) {
      AddList("momentum" + std::to_string(i), momentum_[i], state);
    }
    return state;
  }

 private:
  const UpdateOptions options_;
  std::vector<ParameterGroup> groups_;
  std::vector<std::vector<at::Tensor>> momentum_;
};

}  // namespace

std::unique_ptr<UpdateRule> MakeSgd(const UpdateOptions& options,
                                    std::vector<ParameterGroup> groups) {
  return std::make_unique<Sgd>(options, std::move(groups));
}

}  // namespace flowtrain
