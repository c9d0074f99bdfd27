#include "nodes/train/loss/nt_xent.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/tensors.h"

namespace flowtrain {
namespace {

// Equation 1 of the paper, term by term.
double Naive(const at::Tensor& z, double temperature) {
  const int64_t n = z.size(0), half = n / 2;
  const auto cosine = [&](int64_t i, int64_t j) {
    return (z[i].dot(z[j]) / (z[i].norm() * z[j].norm())).item<double>();
  };
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    double denominator = 0;
    for (int64_t k = 0; k < n; ++k) {
      if (k != i) denominator += std::exp(cosine(i, k) / temperature);
    }
    sum -= std::log(std::exp(cosine(i, (i + half) % n) / temperature) / denominator);
  }
  return sum / static_cast<double>(n);
}

TEST(NtXent, EqualsThePapersEquation) {
  for (const double temperature : {0.1, 0.5, 1.0}) {
    const at::Tensor z = Draw(14, 6);
    EXPECT_NEAR(NtXent(z, temperature).item<double>(), Naive(z, temperature), 1e-12);
  }
}

TEST(NtXent, KnownValue) {
  // Two images; the views of each are equal and the images orthogonal: log(1 + 2 exp(-1 / T)).
  const at::Tensor z = at::eye(2, at::kDouble).repeat({2, 1});
  EXPECT_NEAR(NtXent(z, 0.5).item<double>(), std::log(1 + 2 * std::exp(-2.0)), 1e-12);
}

TEST(NtXent, GradientEqualsFiniteDifferences) {
  at::Tensor z = Draw(8, 5);
  at::Tensor leaf = z.clone().set_requires_grad(true);
  NtXent(leaf, 0.3).backward();
  constexpr double kStep = 1e-6;
  for (int64_t i = 0; i < z.size(0); ++i) {
    for (int64_t j = 0; j < z.size(1); ++j) {
      at::Tensor up = z.clone(), down = z.clone();
      up[i][j] += kStep;
      down[i][j] -= kStep;
      const double slope = (Naive(up, 0.3) - Naive(down, 0.3)) / (2 * kStep);
      EXPECT_NEAR(leaf.grad()[i][j].item<double>(), slope, 1e-7);
    }
  }
}

TEST(NtXent, DoesNotDependOnTheNorm) {
  const at::Tensor z = Draw(10, 4);
  EXPECT_NEAR(NtXent(z, 0.5).item<double>(), NtXent(z * 1000, 0.5).item<double>(), 1e-12);
}

TEST(NtXent, HalfPrecisionAndZeroVectorsStayFinite) {
  at::Tensor z = Draw(8, 16).to(at::kHalf);
  z[3].zero_();
  z[4].mul_(1e-7);
  at::Tensor leaf = z.detach().set_requires_grad(true);
  const at::Tensor loss = NtXent(leaf, 0.1);
  EXPECT_EQ(loss.scalar_type(), at::kFloat);
  loss.backward();
  EXPECT_TRUE(loss.isfinite().item<bool>());
  EXPECT_TRUE(leaf.grad().isfinite().all().item<bool>());
}

TEST(NtXent, RefusesWhatIsNoPairOfViews) {
  EXPECT_THROW(NtXent(at::ones({3, 4}), 0.5), c10::Error);
  EXPECT_THROW(NtXent(at::ones({4}), 0.5), c10::Error);
}

}  // namespace
}  // namespace flowtrain
