#include "nodes/image/shrink_image.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace flowtrain {
namespace {

RgbImage Filled(int height, int width, uint8_t value) {
  RgbImage image;
  const auto pixels = image.Resize(height, width);
  std::fill(pixels.begin(), pixels.end(), value);
  return image;
}

TEST(ImageShrinker, BringsTheLargestSideDownAndKeepsTheProportions) {
  ImageShrinker shrinker;
  RgbImage image = Filled(300, 400, 77);
  shrinker.Shrink(100, image);
  EXPECT_EQ(image.height, 75);
  EXPECT_EQ(image.width, 100);
  EXPECT_EQ(image.full_height, 75);
  EXPECT_EQ(image.full_width, 100);
  ASSERT_EQ(image.pixels.size(), 75u * 100 * 3);
  EXPECT_EQ(std::count(image.pixels.begin(), image.pixels.end(), 77), 75 * 100 * 3);
  image = Filled(1000, 2, 5);
  shrinker.Shrink(10, image);
  EXPECT_EQ(image.height, 10);
  EXPECT_EQ(image.width, 1) << "never less than a pixel";
}

TEST(ImageShrinker, AveragesWhatAPixelCovers) {
  RgbImage image = Filled(8, 8, 0);
  for (size_t i = 0; i < image.storage.size(); i += 6) {  // every other column is white
    std::fill_n(image.storage.begin() + static_cast<ptrdiff_t>(i), 3, uint8_t{255});
  }
  ImageShrinker().Shrink(2, image);
  for (const uint8_t value : image.pixels) EXPECT_NEAR(value, 128, 20);
}

TEST(ImageShrinker, LeavesSmallImagesAndWholeOnesAlone) {
  ImageShrinker shrinker;
  RgbImage image = Filled(50, 100, 3);
  const uint8_t* const before = image.pixels.data();
  shrinker.Shrink(100, image);
  shrinker.Shrink(0, image);
  EXPECT_EQ(image.pixels.data(), before);
  EXPECT_EQ(image.height, 50);
}

}  // namespace
}  // namespace flowtrain
