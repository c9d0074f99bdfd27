// What every loss keeps, and values known by hand. Agreement with other implementations:
// training_golden_test.cc; NT-Xent's own tests: nt_xent_test.cc.

#include "nodes/train/loss/loss.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "nodes/device/autocast.h"
#include "tests/support/tensors.h"

namespace flowtrain {
namespace {

double LossValue(const LossOptions& options, const at::Tensor& z) {
  return MakeLoss(options)(z).item<double>();
}

class EachLoss : public testing::TestWithParam<const char*> {
 protected:
  const Loss loss_ = MakeLoss({.name = ChoiceValue(LossNames(), GetParam())});
};

TEST_P(EachLoss, GradientEqualsFiniteDifferences) {
  const at::Tensor z = Draw(8, 5);
  at::Tensor leaf = z.clone().set_requires_grad(true);
  loss_(leaf).backward();
  constexpr double kStep = 1e-6;
  for (int64_t i = 0; i < z.size(0); ++i) {
    for (int64_t j = 0; j < z.size(1); ++j) {
      at::Tensor up = z.clone(), down = z.clone();
      up[i][j] += kStep;
      down[i][j] -= kStep;
      const double slope = (loss_(up) - loss_(down)).item<double>() / (2 * kStep);
      EXPECT_NEAR(leaf.grad()[i][j].item<double>(), slope, 1e-6);
    }
  }
}

TEST_P(EachLoss, DoesNotDependOnTheOrderOfViewsAndImages) {
  const at::Tensor z = Draw(12, 4);
  const double value = loss_(z).item<double>();
  EXPECT_NEAR(loss_(z.roll(6, 0)).item<double>(), value, 1e-12 * std::abs(value));
  const at::Tensor turned = z.view({2, 6, 4}).roll(1, 1).reshape({12, 4});
  EXPECT_NEAR(loss_(turned).item<double>(), value, 1e-12 * std::abs(value));
  const at::Tensor mixed = at::cat({z.narrow(0, 0, 6), z.narrow(0, 6, 6).roll(1, 0)});
  EXPECT_GT(std::abs(loss_(mixed).item<double>() - value), 1e-3);
}

TEST_P(EachLoss, HalfPrecisionUnderAutocastIsComputedInFp32) {
  at::Tensor z = Draw(8, 16).to(at::kBFloat16);
  z[3].zero_();
  z.select(1, 2).zero_();
  const double expected = loss_(z.to(at::kDouble)).item<double>();
  at::Tensor leaf = z.detach().set_requires_grad(true);
  const Autocast autocast(at::kCPU, at::kBFloat16);
  const at::Tensor loss = loss_(leaf);
  EXPECT_EQ(loss.scalar_type(), at::kFloat);
  EXPECT_NEAR(loss.item<double>(), expected, 1e-5 * std::abs(expected));
  loss.backward();
  EXPECT_TRUE(leaf.grad().isfinite().all().item<bool>());
}

TEST_P(EachLoss, RefusesWhatIsNoPairOfViews) {
  EXPECT_THROW(loss_(at::ones({3, 4})), c10::Error);
  EXPECT_THROW(loss_(at::ones({4})), c10::Error);
}

INSTANTIATE_TEST_SUITE_P(Losses, EachLoss,
                         testing::Values("nt_xent", "dcl", "barlow_twins", "vicreg"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Dcl, KnownValue) {
  // Two images; the views of each are equal and the images orthogonal: two negatives of cosine 0.
  const at::Tensor z = at::eye(2, at::kDouble).repeat({2, 1});
  EXPECT_NEAR(LossValue({.name = LossName::kDcl, .temperature = 0.1}, z), std::log(2) - 10, 1e-12);
}

TEST(BarlowTwins, KnownValues) {
  // Columns of deviation 1 without correlation, and one of them twice: the off-diagonals are 1.
  const at::Tensor apart =
      at::tensor({1., 1., 1., -1., -1., 1., -1., -1.}, at::kDouble).view({4, 2});
  EXPECT_NEAR(LossValue({.name = LossName::kBarlowTwins}, apart.repeat({2, 1})), 0, 1e-9);
  const at::Tensor twice = apart.select(1, 0).view({4, 1}).repeat({2, 2});
  EXPECT_NEAR(LossValue({.name = LossName::kBarlowTwins, .barlow_twins_lambda = 0.25}, twice), 0.5,
              1e-4);
}

TEST(Vicreg, EachTermHasItsWeight) {
  // All equal: no deviation, so 1 - sqrt(1e-4) is missing of it.
  EXPECT_NEAR(LossValue({.name = LossName::kVicreg}, at::ones({8, 3}, at::kDouble)), 25 * 0.99,
              1e-12);
  // Columns of variance 4/3 over B - 1, equal in both views: their covariance alone, 2 (4/3)^2 / D
  // a view.
  const at::Tensor column = at::tensor({1., 1., -1., -1.}, at::kDouble).view({4, 1});
  const at::Tensor twice = column.repeat({2, 2});
  EXPECT_NEAR(LossValue({.name = LossName::kVicreg, .vicreg = {.covariance = 3}}, twice),
              3 * 2 * 16.0 / 9, 1e-12);
  // Views that are 2 apart in the one dimension.
  const at::Tensor apart = at::cat({column, column + 2});
  EXPECT_NEAR(LossValue({.name = LossName::kVicreg, .vicreg = {.invariance = 5}}, apart), 5 * 4,
              1e-12);
}

}  // namespace
}  // namespace flowtrain
