// Optimisers on real gradients: those that a backward pass through the model leaves, in the memory
// layout it leaves them.

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "nodes/train/loss/nt_xent.h"
#include "nodes/train/optimizer/update_rule.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

constexpr double kRate = 0.05;

// Leaves the gradients of one small batch in the parameters.
void Backward(SimclrModel& model) {
  at::manual_seed(11);
  const at::Tensor images = at::randn({4, 3, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast);
  NtXent(model.Project(model.Encode(images)), 0.5).backward();
}

// The fused kernels walk parameter and gradient as flat arrays: with different strides they would
// pair the wrong elements and say nothing.
TEST(ModelStep, GradientsHaveTheMemoryLayoutOfTheirParameters) {
  for (const char* backbone : {"resnet18", "resnet50"}) {
    Training training(Options{{"backbone", backbone}, {"stem", "small"}});
    Backward(*training.model);
    for (const auto& item : training.model->module().named_parameters()) {
      const at::Tensor &parameter = item.value(), &gradient = parameter.grad();
      ASSERT_TRUE(gradient.defined()) << item.key();
      for (int64_t d = 0; d < parameter.dim(); ++d) {
        if (parameter.size(d) == 1) continue;  // such a stride means nothing
        EXPECT_EQ(gradient.stride(d), parameter.stride(d)) << item.key() << ", dimension " << d;
      }
    }
  }
}

class OnTheModel : public testing::TestWithParam<const char*> {
 protected:
  // The first step of each rule from a state of zeros, written with layout-blind operations.
  static at::Tensor Expected(const std::string& rule, const at::Tensor& parameter, double decay) {
    const at::Tensor w = parameter.detach().to(at::kDouble), g = parameter.grad().to(at::kDouble);
    if (parameter.dim() < 2) decay = 0;
    if (rule == "sgd") return w - kRate * (g + decay * w);
    if (rule == "adamw") return w * (1 - kRate * decay) - kRate * g / (g.abs() + 1e-8);
    if (parameter.dim() < 2) return w - kRate * g;
    const at::Tensor trust = 0.001 * w.norm() / (g.norm() + decay * w.norm());
    return w - kRate * trust * (g + decay * w);
  }
};

TEST_P(OnTheModel, EveryParameterMovesByItsOwnGradient) {
  Training training(Options{{"stem", "small"}});
  Backward(*training.model);
  const c10::NoGradGuard no_grad;
  const auto named = training.model->module().named_parameters();
  constexpr double kDecay = 0.1;
  std::vector<at::Tensor> expected;
  for (const auto& item : named) expected.push_back(Expected(GetParam(), item.value(), kDecay));

  MakeUpdateRule({.name = ChoiceValue(UpdateNames(), GetParam()), .weight_decay = kDecay},
                 named.values())
      ->Apply(kRate, at::zeros({1}));
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(named[i].value().to(at::kDouble).allclose(expected[i], 1e-4, 1e-6))
        << named[i].key();
  }
}

// By the names of the modules, not by what the rule goes by: biases and batch-norms of the backbone
// and the head move as if there were no decay and, under LARS, no adaptation.
TEST_P(OnTheModel, DecayAndAdaptationSkipBiasesAndBatchNorm) {
  Training plain(Options{{"stem", "small"}}), decayed(Options{{"stem", "small"}});
  Backward(*plain.model);
  const c10::NoGradGuard no_grad;
  const auto without = plain.model->module().named_parameters();
  const auto with = decayed.model->module().named_parameters();
  std::vector<at::Tensor> sgd;
  for (size_t i = 0; i < without.size(); ++i) {
    with[i].value().mutable_grad() = without[i].value().grad().clone();
    sgd.push_back(without[i].value() - kRate * without[i].value().grad());
  }
  MakeUpdateRule({.name = ChoiceValue(UpdateNames(), GetParam()), .weight_decay = 0},
                 without.values())
      ->Apply(kRate, at::zeros({1}));
  MakeUpdateRule({.name = ChoiceValue(UpdateNames(), GetParam()), .weight_decay = 0.1},
                 with.values())
      ->Apply(kRate, at::zeros({1}));
  int skipped = 0;
  for (size_t i = 0; i < without.size(); ++i) {
    const std::string& name = with[i].key();
    const bool is_norm =
        name.find("bn") != std::string::npos || name.find("downsample.1") != std::string::npos;
    const bool skips = is_norm || name.ends_with("bias");
    EXPECT_EQ(with[i].value().equal(without[i].value()), skips) << name;
    if (skips && GetParam() == std::string("lars")) {
      EXPECT_TRUE(with[i].value().allclose(sgd[i], 1e-6, 1e-7)) << name;
    }
    skipped += skips;
  }
  EXPECT_EQ(skipped, 40 + 2 + 1);  // the backbone's 20 batch-norms, the head's one and its bias
}

TEST_P(OnTheModel, DivergenceIsNotHiddenWithoutLossScaling) {
  std::vector<at::Tensor> parameters = {at::ones({2, 2})};
  parameters[0].mutable_grad() = at::full({2, 2}, std::numeric_limits<float>::quiet_NaN());
  MakeUpdateRule({.name = ChoiceValue(UpdateNames(), GetParam()), .weight_decay = 0}, parameters)
      ->Apply(kRate, at::zeros({1}));
  EXPECT_TRUE(parameters[0].isnan().all().item<bool>());
}

// In doubles nothing hides behind rounding. With a loss scale of 65536 the very first step is often
// the one that overflows, so the momenta must not take a skipped step for their first.
TEST_P(OnTheModel, ASkippedFirstStepLeavesNoTrace) {
  const auto run = [&](bool skip_first) {
    at::manual_seed(2);
    std::vector<at::Tensor> parameters = {at::randn({5, 4}, at::kDouble),
                                          at::randn({5}, at::kDouble)};
    const auto rule = MakeUpdateRule(
        {.name = ChoiceValue(UpdateNames(), GetParam()), .weight_decay = 0.1}, parameters);
    if (skip_first) {
      for (at::Tensor& p : parameters) {
        p.mutable_grad() = at::full_like(p, std::numeric_limits<double>::infinity());
      }
      rule->Apply(kRate, at::ones({1}));
    }
    for (int step = 0; step < 3; ++step) {
      for (at::Tensor& p : parameters) p.mutable_grad() = at::randn(p.sizes(), at::kDouble);
      rule->Apply(kRate, at::zeros({1}));
    }
    return parameters;
  };
  const auto straight = run(false), skipped = run(true);
  EXPECT_TRUE(straight[0].equal(skipped[0]));
  EXPECT_TRUE(straight[1].equal(skipped[1]));
}

INSTANTIATE_TEST_SUITE_P(Rules, OnTheModel, testing::Values("sgd", "adamw", "lars"),
                         [](const auto& info) { return std::string(info.param); });

// A weight or a gradient of zeros has no scale to adapt to: the step is plain SGD's.
TEST(Lars, TakesAPlainStepWhereANormIsZero) {
  std::vector<at::Tensor> parameters = {at::zeros({2, 3}, at::kDouble),
                                        at::ones({2, 3}, at::kDouble)};
  parameters[0].mutable_grad() = at::ones({2, 3}, at::kDouble);
  parameters[1].mutable_grad() = at::zeros({2, 3}, at::kDouble);
  MakeUpdateRule({.name = UpdateName::kLars, .weight_decay = 0.1}, parameters)
      ->Apply(kRate, at::zeros({1}));
  EXPECT_NEAR(parameters[0][0][0].item<double>(), -kRate, 1e-15);
  EXPECT_NEAR(parameters[1][0][0].item<double>(), 1 - kRate * 0.1, 1e-15);
}

TEST(UpdateRule, WorksWithoutMomentum) {
  for (const char* rule_name : {"sgd", "lars"}) {
    std::vector<at::Tensor> parameters = {at::full({4}, 2.0, at::kDouble)};
    const auto rule = MakeUpdateRule(
        {.name = ChoiceValue(UpdateNames(), rule_name), .momentum = 0, .weight_decay = 0},
        parameters);
    for (int step = 0; step < 2; ++step) {
      parameters[0].mutable_grad() = at::ones({4}, at::kDouble);
      rule->Apply(kRate, at::zeros({1}));
    }
    EXPECT_NEAR(parameters[0][0].item<double>(), 2 - 2 * kRate, 1e-15) << rule_name;
  }
}

}  // namespace
}  // namespace flowtrain
