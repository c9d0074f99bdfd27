#include "nodes/augment/gaussian_blur.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/golden/augment_golden.h"
#include "tests/support/made_images.h"

namespace flowtrain {
namespace {

using testing::Each;

Bytes Blurred(Bytes image, int height, int width, int kernel, float sigma) {
  GaussianBlur blur;
  blur.Apply(image.data(), height, width, kernel, sigma);
  return image;
}

// Walks from the centre a pixel at a time and turns round at the border.
int Walk(int from, int steps, int n) {
  if (n == 1) return 0;
  int at = from, direction = steps < 0 ? -1 : 1;
  for (int i = 0; i < std::abs(steps); ++i) {
    if (at + direction < 0 || at + direction >= n) direction = -direction;
    at += direction;
  }
  return at;
}

// The two-dimensional sum in double precision.
std::vector<double> Reference(const Bytes& image, int height, int width, int kernel, double sigma) {
  const int half = kernel / 2;
  std::vector<double> out;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        double sum = 0, weights = 0;
        for (int dy = -half; dy <= half; ++dy) {
          for (int dx = -half; dx <= half; ++dx) {
            const double weight = std::exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
            const int at = (Walk(y, dy, height) * width + Walk(x, dx, width)) * 3 + c;
            sum += weight * image[static_cast<size_t>(at)];
            weights += weight;
          }
        }
        out.push_back(sum / weights);
      }
    }
  }
  return out;
}

TEST(GaussianBlur, IsAsTorchvisions) {
  EXPECT_LE(LargestDifference(Blurred(GoldenImage(5, 6), 5, 6, 5, 1.1f), golden::kBlur5Sigma11), 1);
  EXPECT_LT(MeanDifference(Blurred(GoldenImage(5, 6), 5, 6, 5, 1.1f), golden::kBlur5Sigma11), 0.05);
  EXPECT_LE(LargestDifference(Blurred(GoldenImage(7, 6), 7, 6, 9, 2.0f), golden::kBlur9Sigma20), 1);
  EXPECT_LT(MeanDifference(Blurred(GoldenImage(7, 6), 7, 6, 9, 2.0f), golden::kBlur9Sigma20), 0.05);
}

TEST(GaussianBlur, FollowsTheFormulaForAnySize) {
  struct Case {
    int height, width, kernel;
    float sigma;
  };
  for (const Case& c :
       {Case{20, 31, 9, 0.1f}, Case{20, 31, 9, 2.0f}, Case{16, 16, 3, 0.8f}, Case{2, 3, 9, 2.0f},
        Case{1, 7, 5, 1.0f}, Case{7, 1, 5, 1.0f}, Case{1, 1, 9, 2.0f}, Case{3, 2, 23, 6.0f}}) {
    const Bytes image = GoldenImage(c.height, c.width);
    const Bytes blurred = Blurred(image, c.height, c.width, c.kernel, c.sigma);
    const std::vector<double> exact =
        Reference(image, c.height, c.width, c.kernel, static_cast<double>(c.sigma));
    for (size_t i = 0; i < exact.size(); ++i) {
      ASSERT_NEAR(blurred[i], exact[i], 0.501) << c.height << 'x' << c.width << " byte " << i;
    }
  }
}

TEST(GaussianBlur, KernelOfOneIsTheIdentity) {
  EXPECT_EQ(Blurred(GoldenImage(9, 8), 9, 8, 1, 1.5f), GoldenImage(9, 8));
}

TEST(GaussianBlur, KeepsAFlatImage) {
  EXPECT_THAT(Blurred(Bytes(9 * 8 * 3, 255), 9, 8, 9, 2.0f), Each(255));
  EXPECT_THAT(Blurred(Bytes(9 * 8 * 3, 0), 9, 8, 9, 2.0f), Each(0));
}

TEST(GaussianBlur, ForgetsTheImageBefore) {
  GaussianBlur blur;
  Bytes large = GoldenImage(30, 40), small = GoldenImage(5, 6);
  blur.Apply(large.data(), 30, 40, 9, 2.0f);
  blur.Apply(small.data(), 5, 6, 5, 1.1f);
  EXPECT_EQ(small, Blurred(GoldenImage(5, 6), 5, 6, 5, 1.1f));
}

}  // namespace
}  // namespace flowtrain
