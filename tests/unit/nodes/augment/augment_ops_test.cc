#include "nodes/augment/augment_ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "tests/golden/augment_golden.h"
#include "tests/support/made_images.h"

namespace flowtrain {
namespace {

using testing::Each;
using testing::ElementsAreArray;

template <typename Op>
Bytes After(Bytes image, Op op) {
  op(RgbBytes(image));
  return image;
}

// Every colour whose channels are multiples of 5.
Bytes Colours() {
  Bytes colours;
  for (int red = 0; red < 256; red += 5) {
    for (int green = 0; green < 256; green += 5) {
      for (int blue = 0; blue < 256; blue += 5) {
        for (const int channel : {red, green, blue}) {
          colours.push_back(static_cast<uint8_t>(channel));
        }
      }
    }
  }
  return colours;
}

// Formulas in double precision, without any rounding between.

using Colour = std::array<double, 3>;

double ExactLuma(const Colour& c) { return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]; }

double ExactBlend(double degenerate, double value, double factor) {
  return std::min(255.0, std::max(0.0, factor * value + (1 - factor) * degenerate));
}

// f(n) = v - v s max(0, min(k, 4 - k, 1)), k = (n + h / 60) mod 6, for n = 5, 3, 1.
Colour ExactHueTurn(const Colour& c, double turn) {
  const double high = std::max({c[0], c[1], c[2]}), low = std::min({c[0], c[1], c[2]});
  const double range = high - low;
  if (range == 0) return c;
  double sector = 0;
  if (high == c[0]) {
    sector = (c[1] - c[2]) / range;
  } else if (high == c[1]) {
    sector = 2 + (c[2] - c[0]) / range;
  } else {
    sector = 4 + (c[0] - c[1]) / range;
  }
  sector = std::fmod(sector + 6 * turn + 12, 6.0);
  Colour out;
  for (size_t i = 0; i < 3; ++i) {
    const double k = std::fmod(5.0 - 2.0 * static_cast<double>(i) + sector, 6.0);
    out[i] = high - range * std::max(0.0, std::min({k, 4 - k, 1.0}));
  }
  return out;
}

template <typename Formula>
std::vector<double> Exactly(const Bytes& image, Formula formula) {
  std::vector<double> out;
  for (size_t i = 0; i < image.size(); i += 3) {
    const Colour turned =
        formula(Colour{static_cast<double>(image[i]), static_cast<double>(image[i + 1]),
                       static_cast<double>(image[i + 2])});
    out.insert(out.end(), turned.begin(), turned.end());
  }
  return out;
}

template <typename Formula>
double LargestError(const Bytes& image, const Bytes& changed, Formula formula) {
  const std::vector<double> exact = Exactly(image, formula);
  double largest = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    largest = std::max(largest, std::abs(exact[i] - static_cast<double>(changed[i])));
  }
  return largest;
}

TEST(AugmentOps, AreAsTorchvisions) {
  const Bytes image = GoldenImage(5, 6);
  ASSERT_THAT(image, ElementsAreArray(golden::kSource5x6));
  const auto brightness = [&](float f) {
    return After(image, [f](RgbBytes rgb) { AdjustBrightness(rgb, f); });
  };
  const auto contrast = [&](float f) {
    return After(image, [f](RgbBytes rgb) { AdjustContrast(rgb, f); });
  };
  const auto saturation = [&](float f) {
    return After(image, [f](RgbBytes rgb) { AdjustSaturation(rgb, f); });
  };
  const auto hue = [&](float f) { return After(image, [f](RgbBytes rgb) { ShiftHue(rgb, f); }); };
  EXPECT_THAT(brightness(0.6f), ElementsAreArray(golden::kBrightness06));
  EXPECT_THAT(brightness(1.4f), ElementsAreArray(golden::kBrightness14));
  EXPECT_THAT(contrast(0.6f), ElementsAreArray(golden::kContrast06));
  EXPECT_THAT(contrast(1.4f), ElementsAreArray(golden::kContrast14));
  EXPECT_THAT(saturation(0.6f), ElementsAreArray(golden::kSaturation06));
  EXPECT_THAT(saturation(1.4f), ElementsAreArray(golden::kSaturation14));
  EXPECT_THAT(hue(0.1f), ElementsAreArray(golden::kHuePlus01));
  EXPECT_THAT(hue(-0.1f), ElementsAreArray(golden::kHueMinus01));
  EXPECT_THAT(hue(0.5f), ElementsAreArray(golden::kHuePlus05));
  EXPECT_THAT(After(image, ToGrey), ElementsAreArray(golden::kGrey));
  const auto solarized = [&](int threshold) {
    return After(image, [threshold](RgbBytes rgb) { Solarize(rgb, threshold); });
  };
  EXPECT_THAT(solarized(128), ElementsAreArray(golden::kSolarize128));
  EXPECT_THAT(solarized(200), ElementsAreArray(golden::kSolarize200));
}

TEST(AugmentOps, FollowTheFormulas) {
  const Bytes image = Colours();
  double mean = 0;
  for (size_t i = 0; i < image.size(); i += 3) mean += Luma(image[i], image[i + 1], image[i + 2]);
  mean /= static_cast<double>(image.size() / 3);
  for (const float factor : {0.0f, 0.37f, 0.9f, 1.21f, 1.8f}) {
    const double f = factor;
    const auto towards = [f](double degenerate) {
      return [f, degenerate](const Colour& c) {
        return Colour{ExactBlend(degenerate, c[0], f), ExactBlend(degenerate, c[1], f),
                      ExactBlend(degenerate, c[2], f)};
      };
    };
    EXPECT_LT(
        LargestError(image, After(image, [&](RgbBytes rgb) { AdjustBrightness(rgb, factor); }),
                     towards(0)),
        1.001)
        << factor;
    // The mean is rounded before it is scaled by 1 - factor.
    EXPECT_LT(LargestError(image, After(image, [&](RgbBytes rgb) { AdjustContrast(rgb, factor); }),
                           towards(mean)),
              1.001 + 0.5 * std::abs(1 - f))
        << factor;
    EXPECT_LT(
        LargestError(image, After(image, [&](RgbBytes rgb) { AdjustSaturation(rgb, factor); }),
                     [&](const Colour& c) { return towards(ExactLuma(c))(c); }),
        1.001 + 0.5 * std::abs(1 - f))
        << factor;
  }
  EXPECT_LT(LargestError(image, After(image, ToGrey),
                         [](const Colour& c) {
                           const double luma = ExactLuma(c);
                           return Colour{luma, luma, luma};
                         }),
            0.51);
}

// Hue and saturation have 256 steps, so a saturated colour may be off by some levels, but not much
// on the average. The turn is cut to a step of the circle of 256.
TEST(AugmentOps, HueTurnsTheCircle) {
  const Bytes image = Colours();
  for (const float turn : {-0.5f, -0.1f, 0.031f, 0.1f, 0.25f}) {
    const double step = std::trunc(static_cast<double>(turn) * 255.0) / 256.0;
    const Bytes turned = After(image, [&](RgbBytes rgb) { ShiftHue(rgb, turn); });
    const std::vector<double> exact =
        Exactly(image, [&](const Colour& c) { return ExactHueTurn(c, step); });
    EXPECT_LT(MeanDifference(turned, exact), 2.0) << turn;
  }
}

TEST(AugmentOps, AreTheIdentityWhereTheySaySo) {
  const Bytes image = Colours();
  EXPECT_EQ(After(image, [](RgbBytes rgb) { AdjustBrightness(rgb, 1); }), image);
  EXPECT_EQ(After(image, [](RgbBytes rgb) { AdjustContrast(rgb, 1); }), image);
  EXPECT_EQ(After(image, [](RgbBytes rgb) { AdjustSaturation(rgb, 1); }), image);
  EXPECT_EQ(After(image, [](RgbBytes rgb) { ShiftHue(rgb, 0); }), image);
}

TEST(AugmentOps, GoToTheDegenerateImageAtFactorZero) {
  const Bytes image = GoldenImage(5, 6);
  EXPECT_THAT(After(image, [](RgbBytes rgb) { AdjustBrightness(rgb, 0); }), Each(0));
  const Bytes flat = After(image, [](RgbBytes rgb) { AdjustContrast(rgb, 0); });
  EXPECT_THAT(flat, Each(flat[0]));
  EXPECT_EQ(After(image, [](RgbBytes rgb) { AdjustSaturation(rgb, 0); }), After(image, ToGrey));
}

TEST(AugmentOps, GreyStaysGreyUnderSaturationAndHue) {
  const Bytes grey = After(GoldenImage(9, 9), ToGrey);
  EXPECT_EQ(After(grey, [](RgbBytes rgb) { AdjustSaturation(rgb, 1.7f); }), grey);
  EXPECT_EQ(After(grey, [](RgbBytes rgb) { ShiftHue(rgb, 0.2f); }), grey);
  EXPECT_EQ(After(grey, ToGrey), grey);
}

TEST(AugmentOps, FlipMirrorsEachRow) {
  Bytes image = GoldenImage(5, 6);
  FlipHorizontal(image.data(), 5, 6);
  EXPECT_THAT(image, ElementsAreArray(golden::kFlip));
  FlipHorizontal(image.data(), 5, 6);
  EXPECT_EQ(image, GoldenImage(5, 6));

  Bytes odd = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  FlipHorizontal(odd.data(), 1, 3);
  EXPECT_EQ(odd, (Bytes{7, 8, 9, 4, 5, 6, 1, 2, 3}));
  Bytes column = GoldenImage(4, 1);
  FlipHorizontal(column.data(), 4, 1);
  EXPECT_EQ(column, GoldenImage(4, 1));
}

}  // namespace
}  // namespace flowtrain
