#include "nodes/image/image_levels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <numeric>

#include "nodes/augment/fused_view.h"
#include "nodes/augment/reference_view.h"
#include "nodes/decode/decode_jpeg.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/image/simd/instruction_set.h"
#include "pipeline/base/files/mapped_file.h"
#include "tests/support/made_images.h"

namespace flowtrain {
namespace {

RgbImage Holding(const Bytes& pixels, int height, int width) {
  RgbImage image;
  std::ranges::copy(pixels, image.Resize(height, width).begin());
  return image;
}

// The level below, pixel by pixel.
Bytes Halved(const Bytes& pixels, int height, int width) {
  Bytes half;
  for (int y = 0; y < height; y += 2) {
    for (int x = 0; x < width; x += 2) {
      for (int c = 0; c < 3; ++c) {
        const auto at = [&](int row, int column) {
          row = std::min(row, height - 1), column = std::min(column, width - 1);
          return int{pixels[static_cast<size_t>((row * width + column) * 3 + c)]};
        };
        const int sum = at(y, x) + at(y, x + 1) + at(y + 1, x) + at(y + 1, x + 1);
        half.push_back(static_cast<uint8_t>((sum + (y % 4 == 0 ? 2 : 1)) / 4));
      }
    }
  }
  return half;
}

TEST(ImageLevels, AreMeansOfFourPixelsOnEveryInstructionSet) {
  for (const std::string& set : simd::InstructionSets()) {
    ASSERT_TRUE(simd::CapInstructionSet(set));
    for (const auto& [height, width] : {std::array{1, 1},
                                        {1, 300},
                                        {300, 1},
                                        {2, 2},
                                        {7, 31},
                                        {8, 32},
                                        {9, 33},
                                        {50, 64},
                                        {33, 101},
                                        {40, 258}}) {
      const Bytes pixels = GoldenImage(height, width);
      RgbImage image = Holding(pixels, height, width);
      MakeLevels({0, 3}, image);
      ASSERT_EQ(image.levels, 4);
      ASSERT_EQ(image.pixels.size(), LevelBytes(height, width, 4));
      Bytes expected = pixels;
      for (int level = 0; level < 4; ++level) {
        const ImageLevel found = LevelOf(height, width, level);
        const auto bytes = image.pixels.subspan(found.offset, found.bytes());
        EXPECT_TRUE(std::ranges::equal(bytes, expected))
            << set << ", level " << level << " of " << height << 'x' << width;
        expected = Halved(expected, found.height, found.width);
      }
    }
  }
  ASSERT_TRUE(simd::CapInstructionSet(""));
}

TEST(ImageLevels, ThoseAboveTheFirstAreLeftOut) {
  const Bytes pixels = GoldenImage(70, 91);
  RgbImage all = Holding(pixels, 70, 91), some;
  MakeLevels({0, 3}, all);
  some.pixels = pixels;  // not its own
  some.height = some.full_height = 70;
  some.width = some.full_width = 91;
  MakeLevels({1, 2}, some);
  EXPECT_EQ(some.full_height, 70);
  EXPECT_EQ(some.full_width, 91);
  EXPECT_EQ(some.height, 35);
  EXPECT_EQ(some.width, 46);
  EXPECT_EQ(some.shrink, 2);
  EXPECT_EQ(some.levels, 2);
  const size_t from = LevelBytes(70, 91, 1), to = LevelBytes(70, 91, 3);
  EXPECT_TRUE(std::ranges::equal(some.pixels, all.pixels.subspan(from, to - from)));
}

TEST(ImageLevels, AreAsBrightAsTheImage) {
  const Bytes pixels = GoldenImage(256, 256);
  RgbImage image = Holding(pixels, 256, 256);
  MakeLevels({0, 3}, image);
  const auto mean = [&](int level) {
    const ImageLevel found = LevelOf(256, 256, level);
    const auto bytes = image.pixels.subspan(found.offset, found.bytes());
    return std::accumulate(bytes.begin(), bytes.end(), 0.0) / static_cast<double>(bytes.size());
  };
  for (int level = 1; level < 4; ++level) EXPECT_NEAR(mean(level), mean(0), 0.05) << level;
}

// How far views made from levels are from those that torchvision makes of the whole image: the
// reference is torchvision byte for byte.
struct Difference {
  double mean = 0, largest = 0;  // of the views' mean absolute differences, grey levels
  int views = 0;
};
Difference FromLevels(const std::vector<std::string>& files, const AugmentOptions& options,
                      int size) {
  constexpr int kDraws = 4;
  Difference difference;
  DecodeScratch scratch;
  RgbImage image;
  FusedView fused;
  ReferenceView reference;
  Bytes one(static_cast<size_t>(size * size * 3)), other(one);
  for (uint64_t id = 0; id < files.size(); ++id) {
    const MappedFile file(files[id]);
    std::string why;
    if (!DecodeJpeg(file.bytes(), scratch, nullptr, image, &why)) throw std::runtime_error(why);
    const int height = image.height, width = image.width;
    MakeLevels({0, kMostLevels - 1}, image);
    for (uint64_t draw = 0; draw < kDraws; ++draw) {
      Rng rng({.seed = draw, .stream = 0, .id = id, .purpose = kView});
      const ViewParams params = DrawViewParams(options, height, width, rng);
      const int side = std::min(params.height, params.width);
      int level = 0;
      while (level + 1 < kMostLevels && side >> (level + 1) >= size * 9 / 8) ++level;
      if (level == 0) continue;
      const ImageLevel found = LevelOf(height, width, level);
      fused.Make({.pixels = image.pixels.data() + found.offset,
                  .height = found.height,
                  .width = found.width,
                  .shrink = 1 << level},
                 params, options, size, one.data());
      reference.Make({image.pixels.data(), height, width}, params, options, size, other.data());
      const double mean = MeanDifference(one, other);
      difference.mean += mean;
      difference.largest = std::max(difference.largest, mean);
      ++difference.views;
    }
  }
  difference.mean /= difference.views;
  return difference;
}

TEST(ImageLevels, MakeViewsLikeThoseOfTheWholeImageOnPhotographs) {
  namespace fs = std::filesystem;
  const std::string root = FLOWTRAIN_SOURCE_DIR "/../shared/data/clothing_mini";
  if (!fs::exists(root)) GTEST_SKIP() << "no " << root;
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".jpg") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  files.resize(std::min<size_t>(files.size(), 60));
  AugmentOptions crop;
  crop.flip = crop.jitter = crop.grey = crop.blur = 0;
  AugmentOptions simclr;
  for (const int size : {32, 64, 96}) {
    const Difference resized = FromLevels(files, crop, size);
    const Difference whole = FromLevels(files, simclr, size);
    ASSERT_GT(whole.views, 100);
    std::cout << size << " pixels, " << whole.views << " views from levels: " << resized.mean
              << " grey levels from the reference (at most " << resized.largest
              << "), with colour and blur " << whole.mean << '\n';
    EXPECT_LT(resized.mean, 1.1) << size;
    EXPECT_LT(whole.mean, 1) << size;
  }
}

}  // namespace
}  // namespace flowtrain
