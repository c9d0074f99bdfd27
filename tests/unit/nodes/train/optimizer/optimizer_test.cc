#include "nodes/train/optimizer/optimizer.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <vector>

#include "nodes/train/optimizer/loss_scaler.h"
#include "nodes/train/optimizer/update_rule.h"
#include "pipeline/config/value.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

constexpr double kBaseRate = 0.05;

// A weight (decayed) and a bias (not) with gradients that change from step to step.
struct Toy {
  Toy() {
    at::manual_seed(3);
    parameters = {at::randn({4, 3}), at::randn({4})};
  }
  void SetGradients(int step) {
    at::manual_seed(100 + static_cast<uint64_t>(step));
    for (at::Tensor& p : parameters) p.mutable_grad() = at::randn(p.sizes());
  }
  std::vector<at::Tensor> parameters;
};

const at::Tensor& Fine() {
  static const at::Tensor zero = at::zeros({1});
  return zero;
}

// Steps `rule` and a reference in doubles side by side.
void CompareToReference(const UpdateOptions& options,
                        const std::function<void(at::Tensor&, at::Tensor, bool, int)>& reference) {
  Toy toy;
  std::vector<at::Tensor> expected;
  for (const at::Tensor& p : toy.parameters) expected.push_back(p.to(at::kDouble));
  const auto rule = MakeUpdateRule(options, toy.parameters);
  for (int step = 0; step < 6; ++step) {
    toy.SetGradients(step);
    for (size_t i = 0; i < expected.size(); ++i) {
      reference(expected[i], toy.parameters[i].grad().to(at::kDouble), i == 0, step);
    }
    rule->Apply(kBaseRate, Fine());
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_TRUE(toy.parameters[i].to(at::kDouble).allclose(expected[i], 1e-5, 1e-6))
          << ChoiceName(UpdateNames(), options.name) << ", step " << step << ", parameter " << i;
    }
  }
}

// At 1 the moments' correction would divide by 0.
TEST(UpdateRule, BetasAreFrom0ToBelow1) {
  const auto error_of = [](const std::string& betas) {
    NodeSpec spec;
    Optimizer::Declare(spec);
    Optimizer optimizer;
    for (const OptionSpec& option : spec.options) {
      if (option.name == "betas") return option.assign(optimizer, ReadYaml(betas, "betas"));
    }
    return std::string("no such option");
  };
  for (const char* betas : {"[0.9, 0.999]", "[0, 0]", "[0.999999, 0.999999]"}) {
    EXPECT_EQ(error_of(betas), "") << betas;
  }
  for (const char* betas : {"[1, 0.999]", "[0.9, 1]", "[-0.1, 0.9]", "[0.9, 0.9999999]", "[0.9]",
                            "[0.9, 0.9, 0.9]", "0.9"}) {
    EXPECT_NE(error_of(betas), "") << betas;
  }
}

TEST(UpdateRule, SgdIsTorchsWithDecayOnWeightsAlone) {
  std::vector<at::Tensor> velocity(2);
  CompareToReference({.name = UpdateName::kSgd, .momentum = 0.9, .weight_decay = 0.1},
                     [&](at::Tensor& w, const at::Tensor& grad, bool decayed, int step) {
                       at::Tensor g = decayed ? grad + w * 0.1 : grad;
                       at::Tensor& v = velocity[decayed ? 0 : 1];
                       v = step == 0 ? g : v * 0.9 + g;
                       w = w - v * kBaseRate;
                     });
}

TEST(UpdateRule, AdamWDecouplesTheDecay) {
  std::vector<at::Tensor> m(2), s(2);
  CompareToReference({.name = UpdateName::kAdamW, .betas = {0.8, 0.95}, .weight_decay = 0.1},
                     [&](at::Tensor& w, const at::Tensor& g, bool decayed, int step) {
                       const size_t i = decayed ? 0 : 1;
                       if (step == 0) m[i] = s[i] = at::zeros_like(g);
                       m[i] = m[i] * 0.8 + g * 0.2;
                       s[i] = s[i] * 0.95 + g * g * 0.05;
                       const at::Tensor mean = m[i] / (1 - std::pow(0.8, step + 1));
                       const at::Tensor square = s[i] / (1 - std::pow(0.95, step + 1));
                       if (decayed) w = w * (1 - kBaseRate * 0.1);
                       w = w - kBaseRate * mean / (square.sqrt() + 1e-8);
                     });
}

TEST(UpdateRule, LarsTrustsEachLayerByItsNorms) {
  std::vector<at::Tensor> velocity(2);
  CompareToReference({.name = UpdateName::kLars, .momentum = 0.9, .weight_decay = 0.1},
                     [&](at::Tensor& w, const at::Tensor& grad, bool decayed, int step) {
                       at::Tensor& v = velocity[decayed ? 0 : 1];
                       at::Tensor move = grad * kBaseRate;
                       if (decayed) {
                         const at::Tensor trust = 0.001 * w.norm() / (grad.norm() + 0.1 * w.norm());
                         move = kBaseRate * trust * (grad + w * 0.1);
                       }
                       v = step == 0 ? move : v * 0.9 + move;
                       w = w - v;
                     });
}

class EachRule : public testing::TestWithParam<const char*> {};

TEST_P(EachRule, ASkippedStepChangesNothingAtAll) {
  Toy toy, untouched;
  const UpdateOptions options{.name = ChoiceValue(UpdateNames(), GetParam()), .weight_decay = 0.1};
  const auto rule = MakeUpdateRule(options, toy.parameters);
  const auto other = MakeUpdateRule(options, untouched.parameters);
  const auto step = [](Toy& t, UpdateRule& r, int number) {
    t.SetGradients(number);
    r.Apply(kBaseRate, Fine());
  };
  step(toy, *rule, 0);
  step(untouched, *other, 0);
  toy.SetGradients(1);
  toy.parameters[0].grad()[1][1] = std::numeric_limits<float>::infinity();
  toy.parameters[1].grad()[2] = std::numeric_limits<float>::quiet_NaN();
  rule->Apply(kBaseRate, at::ones({1}));
  EXPECT_TRUE(toy.parameters[0].equal(untouched.parameters[0]));
  step(toy, *rule, 2);
  step(untouched, *other, 2);
  EXPECT_TRUE(toy.parameters[0].equal(untouched.parameters[0]));
  EXPECT_TRUE(toy.parameters[1].equal(untouched.parameters[1]));
}

TEST_P(EachRule, GoesOnFromASavedStateBitForBit) {
  Toy toy, resumed;
  const UpdateOptions options{.name = ChoiceValue(UpdateNames(), GetParam()), .weight_decay = 0.1};
  const auto rule = MakeUpdateRule(options, toy.parameters);
  for (int i = 0; i < 3; ++i) {
    toy.SetGradients(i);
    rule->Apply(kBaseRate, Fine());
  }
  const auto again = MakeUpdateRule(options, resumed.parameters);
  const NamedTensors saved = rule->State(), loaded = again->State();
  ASSERT_EQ(saved.size(), loaded.size());
  for (size_t i = 0; i < saved.size(); ++i) {
    EXPECT_EQ(saved[i].first, loaded[i].first);
    at::Tensor(loaded[i].second).copy_(saved[i].second);
  }
  for (size_t i = 0; i < 2; ++i) resumed.parameters[i].copy_(toy.parameters[i]);
  for (int i = 3; i < 6; ++i) {
    toy.SetGradients(i);
    rule->Apply(kBaseRate, Fine());
    resumed.SetGradients(i);
    again->Apply(kBaseRate, Fine());
  }
  EXPECT_TRUE(toy.parameters[0].equal(resumed.parameters[0]));
  EXPECT_TRUE(toy.parameters[1].equal(resumed.parameters[1]));
}

INSTANTIATE_TEST_SUITE_P(Rules, EachRule, testing::Values("sgd", "adamw", "lars"),
                         [](const auto& info) { return std::string(info.param); });

TEST(LossScaler, HalvesAfterANonFiniteGradientAndGrowsAfter2000GoodSteps) {
  LossScaler scaler(true, at::TensorOptions());
  const at::Tensor gradient = at::full({3}, 65536.0);
  EXPECT_EQ(scaler.Scale(at::ones({})).item<float>(), 65536.0f);
  scaler.Unscale({gradient});
  EXPECT_EQ(gradient[0].item<float>(), 1.0f);
  EXPECT_EQ(scaler.found_inf().item<float>(), 0.0f);
  scaler.Update();

  gradient[1] = std::numeric_limits<float>::infinity();
  scaler.Unscale({gradient});
  EXPECT_EQ(scaler.found_inf().item<float>(), 1.0f);
  scaler.Update();
  EXPECT_EQ(scaler.scale().item<float>(), 32768.0f);

  gradient.fill_(1);
  for (int i = 0; i < 2000; ++i) {
    scaler.Unscale({gradient});
    scaler.Update();
  }
  EXPECT_EQ(scaler.scale().item<float>(), 65536.0f);
}

TEST(LossScaler, LeavesGradientsAloneWhereItIsNotEnabled) {
  LossScaler scaler(false, at::TensorOptions());
  const at::Tensor gradient = at::full({2}, 3.0);
  scaler.Unscale({gradient});
  scaler.Update();
  EXPECT_EQ(gradient[0].item<float>(), 3.0f);
  EXPECT_EQ(scaler.Scale(at::ones({})).item<float>(), 1.0f);
}

TEST(LrSchedule, RisesLinearlyThenFallsAsACosine) {
  const LrSchedule schedule{2.0, 4, 12};
  EXPECT_DOUBLE_EQ(schedule.At(0), 0.5);
  EXPECT_DOUBLE_EQ(schedule.At(3), 2.0);
  EXPECT_DOUBLE_EQ(schedule.At(4), 2.0);
  EXPECT_NEAR(schedule.At(8), 1.0, 1e-12);
  EXPECT_NEAR(schedule.At(6), 1 + std::cos(std::acos(-1.0) / 4), 1e-12);
  EXPECT_DOUBLE_EQ(schedule.At(12), 0.0);
  EXPECT_DOUBLE_EQ(schedule.At(1000), 0.0);
  EXPECT_DOUBLE_EQ((LrSchedule{2.0, 0, 10}.At(0)), 2.0);
}

// lightly's cosine is 0 a step earlier, so it is given a step more
// (tests/golden/make_training_golden.py); torch's CosineAnnealingLR is this one. By SGDR's equation
// 5 with a rate of 1, at 0 of 4, 1 of 4, … after the warm-up.
TEST(LrSchedule, IsTheDefinitionStepByStep) {
  const LrSchedule schedule{1.0, 2, 6};
  const double quarter = 0.5 * (1 + std::sqrt(0.5));
  const std::vector<double> expected = {0.5, 1.0, 1.0, quarter, 0.5, 1 - quarter, 0.0};
  for (size_t step = 0; step < expected.size(); ++step) {
    EXPECT_NEAR(schedule.At(step), expected[step], 1e-15) << "step " << step;
  }
}

TEST(ScaleLearningRate, FollowsTheRules) {
  EXPECT_DOUBLE_EQ(ScaleLearningRate(LrScaling::kNone, 0.06, 512), 0.06);
  EXPECT_DOUBLE_EQ(ScaleLearningRate(LrScaling::kLinear, 0.3, 4096),
                   4.8);  // SimCLR's, at its batch size
  EXPECT_DOUBLE_EQ(ScaleLearningRate(LrScaling::kSqrt, 0.075, 4096),
                   4.8);  // the same rate by appendix B.1
}

TEST(Optimizer, ScalesTheRateByTheImagesOfTheStep) {
  const Training training(
      {{"stem", "small"}},
      {{"learning_rate", "0.2"}, {"lr_scaling", "linear"}, {"warmup_epochs", "2"}});
  for (at::Tensor& parameter : training.model->module().parameters()) {
    parameter.mutable_grad() = at::zeros_like(parameter);
  }
  // A quarter of the warm-up, at a rate of 0.2 x 512 / 256.
  EXPECT_DOUBLE_EQ(
      training.optimizer->Step({.step = 1, .steps_per_epoch = 4, .total_steps = 40, .images = 512})
          .learning_rate,
      0.4 * 2 / 8);
}

TEST(MakeSchedule, IsAsLongAsTheRun) {
  const ScheduleOptions options{
      .learning_rate = 0.2, .lr_scaling = LrScaling::kLinear, .warmup_epochs = 2};
  const LrSchedule schedule = MakeSchedule(options, 7, 70, 64);
  EXPECT_DOUBLE_EQ(schedule.base, 0.05);
  EXPECT_EQ(schedule.warmup_steps, 14u);
  EXPECT_EQ(schedule.total_steps, 70u);
}

TEST(MakeSchedule, AWarmUpThatIsLongerThanTheRunKeepsItsSlope) {
  const ScheduleOptions options{
      .learning_rate = 0.14, .lr_scaling = LrScaling::kNone, .warmup_epochs = 2};
  for (const uint64_t steps : {10, 12, 14}) {
    const LrSchedule schedule = MakeSchedule(options, 7, steps, 64);
    for (uint64_t step = 0; step < steps; ++step) {
      EXPECT_DOUBLE_EQ(schedule.At(step), 0.01 * static_cast<double>(step + 1)) << steps;
    }
  }
  const ScheduleOptions endless{
      .learning_rate = 0.1, .lr_scaling = LrScaling::kNone, .warmup_epochs = 1e300};
  EXPECT_GT(MakeSchedule(endless, 7, 10, 64).At(0), 0);
  EXPECT_LT(MakeSchedule(endless, 7, 10, 64).At(9), 1e-12);
}

}  // namespace
}  // namespace flowtrain
