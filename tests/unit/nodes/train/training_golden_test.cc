// Losses, gradients and optimiser steps against torch's, torchvision's and lightly's
// (tests/golden/make_training_golden.py).

#include "tests/golden/training_golden.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "nodes/train/loss/loss.h"
#include "nodes/train/model/projection_head.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

constexpr int64_t kGoldenImages = 8, kGoldenSide = 32;

// The noise() of the script.
at::Tensor Noise(uint32_t index, at::IntArrayRef shape) {
  at::Tensor values = at::empty(shape, at::kDouble);
  auto* out = values.data_ptr<double>();
  for (int64_t i = 0; i < values.numel(); ++i) {
    uint32_t x = static_cast<uint32_t>(i) + index * 0x9E3779B9U;
    x = (x ^ (x >> 16)) * 0x85EBCA6BU;
    x = (x ^ (x >> 13)) * 0xC2B2AE35U;
    x ^= x >> 16;
    out[i] = x / 2147483648.0 - 1.0;
  }
  return values;
}

double Tolerance(at::ScalarType type) { return type == at::kDouble ? 1e-9 : 1e-4; }

// `values` and `expected` agree to `tolerance` of the largest expected one.
template <typename Numbers>
void ExpectClose(const at::Tensor& values, const Numbers& expected, double tolerance) {
  double largest = 0;
  for (const double e : expected) largest = std::max(largest, std::abs(e));
  const at::Tensor flat = values.detach().to(at::kDouble).reshape({-1}).contiguous();
  ASSERT_EQ(flat.numel(), static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(flat.data_ptr<double>()[i], expected[i], tolerance * largest) << "number " << i;
  }
}

TEST(TrainingGolden, LossesAreLightlys) {
  const at::Tensor first = Noise(1, {6, 5}), change = Noise(2, {6, 5});
  const at::Tensor width = at::arange(1, 6, at::kDouble) * 0.5;
  const at::Tensor z = at::cat({first * width, (first + change * 0.5) * width});
  for (const golden::LossGolden& expected : golden::kLosses) {
    SCOPED_TRACE(expected.name);
    const double temperature = std::string(expected.name) == "dcl" ? 0.1 : 0.5;
    const Loss loss =
        MakeLoss({.name = ChoiceValue(LossNames(), expected.name), .temperature = temperature});
    for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
      at::Tensor leaf = z.to(type).clone().set_requires_grad(true);
      const at::Tensor value = loss(leaf);
      EXPECT_EQ(value.scalar_type(), type);
      value.backward();
      // The header's digits are all that a double has, so these are far below Tolerance.
      const double tolerance = type == at::kDouble ? 1e-13 : 1e-5;
      EXPECT_NEAR(value.item<double>(), expected.value, tolerance * std::abs(expected.value));
      ExpectClose(leaf.grad(), expected.gradient, tolerance);
    }
  }
}

// The fill() of the script, for the parameter of that number.
void Fill(size_t index, const std::string& name, at::Tensor& parameter) {
  const c10::NoGradGuard no_grad;
  at::Tensor values = Noise(static_cast<uint32_t>(100 + index), parameter.sizes());
  if (parameter.dim() > 1) {
    values *= std::sqrt(6.0 / static_cast<double>(parameter.numel() / parameter.size(0)));
  } else if (name.ends_with("weight")) {
    values = values * 0.25 + 1.0;
  } else {
    values *= 0.25;
  }
  parameter.copy_(values);
}

TEST(TrainingGolden, ProjectionHeadsAreLightlys) {
  for (const golden::HeadGolden& expected : golden::kHeads) {
    ProjectionHead head({.in = 6,
                         .hidden = 5,
                         .out = 3,
                         .layers = expected.layers,
                         .output_norm = expected.output_norm});
    head.to(at::kDouble);
    size_t index = 0;
    for (auto& item : head.named_parameters()) Fill(index++, item.key(), item.value());
    ExpectClose(head.forward(Noise(4, {8, 6})), expected.output, 1e-13);
  }
}

// The network of the script, filled by its formula, and an optimiser for it.
class GoldenTraining {
 public:
  GoldenTraining(at::ScalarType type, const Options& optimizer_options) : type_(type) {
    const c10::NoGradGuard no_grad;
    training_.model->module().to(type);
    const auto named = training_.model->module().named_parameters();
    EXPECT_EQ(named.size(), golden::kParameterNames.size());
    for (size_t i = 0; i < golden::kParameterNames.size(); ++i) {
      const std::string name = golden::kParameterNames[i];
      parameters_.push_back(named[name]);
      Fill(i, name, parameters_.back());
    }
    images_ = Noise(3, {2 * kGoldenImages, 3, kGoldenSide, kGoldenSide}).to(type);
    // After the parameters have their type, so that its state has the same.
    optimizer_ = Make<Optimizer>(optimizer_options);
    optimizer_->Open(training_.context);
  }

  void Backward() {
    optimizer_->ZeroGrad();
    output_ = training_.model->Project(training_.model->Encode(images_));
    loss_ = MakeLoss({})(output_);
    loss_.backward();
  }
  void Step(uint64_t step) {
    optimizer_->Step({.step = step, .total_steps = golden::kTotalSteps, .images = kGoldenImages});
  }

  void ExpectLoss(const golden::Snapshot& expected) const {
    EXPECT_NEAR(loss_.item<double>(), expected.loss, Tolerance(type_) * expected.loss);
  }
  void ExpectOutput(const golden::Snapshot& expected) const {
    ExpectClose(output_.select(1, 7), expected.output, Tolerance(type_));
  }
  void ExpectGradients(const golden::Snapshot& expected) const {
    for (size_t i = 0; i < parameters_.size(); ++i) {
      SCOPED_TRACE(golden::kParameterNames[i]);
      const at::Tensor gradient = parameters_[i].grad().to(at::kDouble).reshape({-1});
      const double norm = expected.gradient_norm[i];
      EXPECT_NEAR(gradient.norm().item<double>(), norm, Tolerance(type_) * norm);
      const double mean = norm / std::sqrt(static_cast<double>(gradient.numel()));
      const double element = expected.gradient_element[i];
      EXPECT_NEAR(gradient[gradient.numel() / 3].item<double>(), element,
                  Tolerance(type_) * std::max(mean, std::abs(element)));
    }
  }

 private:
  Training training_{
      Options{{"width_multiplier", "1"}, {"projection_hidden", "512"}, {"projection_dim", "128"}}};
  const at::ScalarType type_;
  std::vector<at::Tensor> parameters_;
  std::unique_ptr<Optimizer> optimizer_;
  at::Tensor images_, output_, loss_;
};

class OptimizersAgainstGolden
    : public testing::TestWithParam<std::tuple<golden::OptimizerGolden, at::ScalarType>> {};

// ResNet-18, head, NT-Xent, and five steps of each rule under warm-up and cosine, weights alone
// decayed. In FP32 gradients are compared before the first step, outputs until after it and the
// loss to the end: where rounding turns a ReLU over, gradients jump, in torch's own FP32 too.
TEST_P(OptimizersAgainstGolden, StepsAreTorchsAndLightlys) {
  const auto& [expected, type] = GetParam();
  const bool exact = type == at::kDouble;
  GoldenTraining training(type, {{"name", expected.name},
                                 {"learning_rate", std::to_string(expected.learning_rate)},
                                 {"weight_decay", std::to_string(expected.weight_decay)},
                                 {"betas", "[0.9, 0.95]"},
                                 {"warmup_epochs", std::to_string(golden::kWarmupSteps)}});
  training.Backward();
  training.ExpectLoss(golden::kInitial);
  training.ExpectOutput(golden::kInitial);
  training.ExpectGradients(golden::kInitial);
  for (uint64_t step = 0; step < 5; ++step) {
    training.Step(step);
    training.Backward();
    if (step != 0) continue;
    training.ExpectLoss(expected.after_1);
    training.ExpectOutput(expected.after_1);
    if (exact) training.ExpectGradients(expected.after_1);
  }
  training.ExpectLoss(expected.after_5);
  if (!exact) return;
  training.ExpectOutput(expected.after_5);
  training.ExpectGradients(expected.after_5);
}

INSTANTIATE_TEST_SUITE_P(Rules, OptimizersAgainstGolden,
                         testing::Combine(testing::Values(golden::kSgd, golden::kAdamw,
                                                          golden::kLars),
                                          testing::Values(at::kDouble, at::kFloat)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) +
                                  (std::get<1>(info.param) == at::kDouble ? "_fp64" : "_fp32");
                         });

}  // namespace
}  // namespace flowtrain
