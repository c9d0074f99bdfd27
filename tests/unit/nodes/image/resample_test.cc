#include "nodes/image/resample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "nodes/augment/center_view.h"
#include "tests/golden/augment_golden.h"
#include "tests/support/made_images.h"

namespace flowtrain {
namespace {

using testing::Each;
using testing::ElementsAreArray;

Bytes Resized(const Bytes& image, int height, int width, int out_height, int out_width,
              Interpolation interpolation = Interpolation::kBilinear) {
  Resampler resampler;
  Bytes out(static_cast<size_t>(out_height) * static_cast<size_t>(out_width) * 3);
  resampler.Resize({image.data(), static_cast<size_t>(width) * 3, height, width},
                   {out_height, 0, out_height}, {out_width, 0, out_width}, out.data(),
                   interpolation);
  return out;
}

Bytes Centre(const Bytes& image, int height, int width, int size) {
  Bytes out(static_cast<size_t>(size) * static_cast<size_t>(size) * 3);
  CenterView(WholeImage(image, height, width), size, out.data());
  return out;
}

// The weight of input pixel k for output pixel i, not normalised.
double Triangle(int k, int i, int in, int out) {
  const double scale = static_cast<double>(in) / out;
  return std::max(0.0, 1 - std::abs((i + 0.5) * scale - (k + 0.5)) / std::max(1.0, scale));
}

// The two-dimensional sum in double precision.
std::vector<double> Reference(const Bytes& image, int height, int width, int out_height,
                              int out_width) {
  std::vector<double> out;
  for (int y = 0; y < out_height; ++y) {
    for (int x = 0; x < out_width; ++x) {
      double sums[3] = {0, 0, 0}, weights = 0;
      for (int v = 0; v < height; ++v) {
        for (int u = 0; u < width; ++u) {
          const double weight =
              Triangle(v, y, height, out_height) * Triangle(u, x, width, out_width);
          weights += weight;
          for (int c = 0; c < 3; ++c) {
            sums[c] += weight * image[static_cast<size_t>((v * width + u) * 3 + c)];
          }
        }
      }
      for (const double sum : sums) out.push_back(sum / weights);
    }
  }
  return out;
}

TEST(Resampler, IsAsPillows) {
  EXPECT_THAT(Resized(GoldenImage(17, 14), 17, 14, 4, 3), ElementsAreArray(golden::kShrunk4x3));
  EXPECT_THAT(Resized(GoldenImage(5, 4), 5, 4, 8, 9), ElementsAreArray(golden::kGrown8x9));
  EXPECT_THAT(Resized(GoldenImage(17, 14), 17, 14, 4, 3, Interpolation::kBicubic),
              ElementsAreArray(golden::kShrunk4x3Bicubic));
  EXPECT_THAT(Resized(GoldenImage(5, 4), 5, 4, 8, 9, Interpolation::kBicubic),
              ElementsAreArray(golden::kGrown8x9Bicubic));
  // Here newer versions of Pillow resize rows first.
  EXPECT_LE(LargestDifference(Resized(GoldenImage(16, 5), 16, 5, 3, 9), golden::kShrunkAndGrown3x9),
            1);
}

TEST(Resampler, FollowsTheFormula) {
  const int sizes[][4] = {{30, 40, 7, 11}, {6, 5, 13, 17}, {25, 4, 3, 9},  {1, 9, 4, 4},
                          {9, 1, 4, 4},    {12, 12, 1, 1}, {31, 8, 16, 16}};
  for (const auto& [h, w, oh, ow] : sizes) {
    const Bytes image = GoldenImage(h, w);
    const std::vector<double> exact = Reference(image, h, w, oh, ow);
    const Bytes resized = Resized(image, h, w, oh, ow);
    for (size_t i = 0; i < exact.size(); ++i) {  // rounded twice
      ASSERT_NEAR(resized[i], exact[i], 1.01) << h << 'x' << w << " byte " << i;
    }
  }
}

TEST(Resampler, SameSizeIsTheIdentity) {
  EXPECT_EQ(Resized(GoldenImage(13, 7), 13, 7, 13, 7), GoldenImage(13, 7));
}

TEST(Resampler, OnePixelFillsAnyOutput) {
  const Bytes out = Resized({17, 17, 17}, 1, 1, 96, 96);
  EXPECT_THAT(out, Each(17));
}

TEST(Resampler, KeepsAFlatImage) {
  for (const int size : {1, 5, 96, 200}) {
    EXPECT_THAT(Resized(Bytes(70 * 90 * 3, 255), 70, 90, size, size), Each(255)) << size;
  }
}

TEST(Resampler, ShrinkingAveragesWhatAliasingWouldPick) {
  Bytes stripes;
  for (int i = 0; i < 64 * 64; ++i) stripes.insert(stripes.end(), 3, i % 2 == 0 ? 0 : 255);
  // At a border the triangle is cut, so it holds one stripe more of a kind.
  for (const uint8_t byte : Resized(stripes, 64, 64, 8, 8)) EXPECT_NEAR(byte, 127.5, 5);
}

TEST(Resampler, ACropSeesNothingOutsideOfIt) {
  const int height = 20, width = 24, top = 3, left = 5, h = 9, w = 11;
  Bytes image(static_cast<size_t>(height * width * 3), 255), crop;
  const Bytes noise = GoldenImage(h, w);
  for (int y = 0; y < h; ++y) {
    std::copy_n(noise.begin() + y * w * 3, w * 3, image.begin() + ((y + top) * width + left) * 3);
  }
  Resampler resampler;
  Bytes out(16 * 16 * 3);
  resampler.Resize({image.data() + (top * width + left) * 3, width * 3, h, w}, {16, 0, 16},
                   {16, 0, 16}, out.data());
  EXPECT_EQ(out, Resized(noise, h, w, 16, 16));
}

TEST(Resampler, ARangeIsThatPartOfTheWhole) {
  const Bytes image = GoldenImage(33, 41), whole = Resized(image, 33, 41, 17, 60);
  Resampler resampler;
  Bytes part(5 * 7 * 3), cut;
  resampler.Resize({image.data(), 41 * 3, 33, 41}, {17, 4, 5}, {60, 50, 7}, part.data());
  for (int y = 4; y < 9; ++y) {
    const auto row = whole.begin() + (y * 60 + 50) * 3;
    cut.insert(cut.end(), row, row + 7 * 3);
  }
  EXPECT_EQ(part, cut);
}

TEST(CenterView, IsAsTorchvisions) {
  EXPECT_THAT(Centre(GoldenImage(9, 16), 9, 16, 6), ElementsAreArray(golden::kCentre6From9x16));
  EXPECT_THAT(Centre(GoldenImage(7, 5), 7, 5, 8), ElementsAreArray(golden::kCentre8From7x5));
}

TEST(CenterView, OfAnImageOfItsSizeIsTheImage) {
  EXPECT_EQ(Centre(GoldenImage(12, 12), 12, 12, 12), GoldenImage(12, 12));
}

TEST(CenterView, TakesLinesAndPoints) {
  EXPECT_THAT(Centre({9, 9, 9}, 1, 1, 32), Each(9));
  Bytes line(3 * 100000);  // resized as a whole it would be 32 x 3200000 pixels
  for (size_t i = 0; i < line.size(); ++i) line[i] = static_cast<uint8_t>(i / 3 < 50000 ? 10 : 90);
  const Bytes across = Centre(line, 1, 100000, 32), down = Centre(line, 100000, 1, 32);
  // The square that is cut out of the middle lies in one pixel's width of the line, the edge.
  EXPECT_EQ(across[0], 11);
  EXPECT_EQ(across[31 * 3], 89);
  EXPECT_EQ(down[0], 11);
  EXPECT_EQ(down[31 * 32 * 3], 89);
}

}  // namespace
}  // namespace flowtrain
