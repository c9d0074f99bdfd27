#include "nodes/check/check_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <string>
#include <vector>

#include "nodes/check/check_summary.h"
#include "nodes/data/cifar_set.h"
#include "nodes/data/folder_set.h"
#include "tests/support/cifar_files.h"
#include "tests/support/temp_folder.h"
#include "tests/support/textured_image.h"

namespace flowtrain {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Look LookAt(const Raw& raw) {
  RgbImage image;
  const auto pixels = image.Resize(raw.height, raw.width);
  std::copy(raw.values.begin(), raw.values.end(), pixels.begin());
  return LookOf(image);
}

Bytes Png(const Raw& raw) { return WritePng(raw.height, raw.width, 8, 2, raw.values); }

Bytes Jpeg(const Raw& raw, int quality) {
  JpegOptions options;
  options.quality = quality;
  return WriteJpeg(raw, options);
}

TEST(Look, AScaledOrBrighterPictureLooksTheSame) {
  int smaller = 0, stretched = 0, brighter = 0;
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    const Look original = LookAt(TexturedImage(seed, 96, 128));
    EXPECT_FALSE(original.plain());
    smaller += LooksLike(original, LookAt(TexturedImage(seed, 48, 64))) ? 1 : 0;
    stretched += LooksLike(original, LookAt(TexturedImage(seed, 200, 210))) ? 1 : 0;
    brighter += LooksLike(original, LookAt(TexturedImage(seed, 96, 128, 12))) ? 1 : 0;
  }
  // It is a matter of chance, and of few bits.
  EXPECT_GE(smaller, 36);
  EXPECT_GE(stretched, 36);
  EXPECT_GE(brighter, 36);
}

TEST(Look, OtherPicturesLookDifferent) {
  std::vector<Look> looks;
  for (uint32_t seed = 1; seed <= 200; ++seed) looks.push_back(LookAt(TexturedImage(seed, 40, 40)));
  for (size_t i = 0; i < looks.size(); ++i) {
    for (size_t j = i + 1; j < looks.size(); ++j) {
      EXPECT_FALSE(LooksLike(looks[i], looks[j])) << i << ' ' << j;
    }
  }
}

TEST(Look, KnowsWhatHasTooLittleInIt) {
  EXPECT_TRUE(LookAt(SolidImage(20, 30, {10, 200, 30})).plain());
  EXPECT_TRUE(LookAt(SolidImage(1, 1, {10, 200, 30})).plain());
  EXPECT_FALSE(LookAt(SmoothImage(20, 30, 3)).plain());
}

// A picture of as many parts as a look has, each of one grey level.
Look LookOfLevels(const std::function<int(int y, int x)>& level) {
  RgbImage image;
  const auto pixels = image.Resize(Look::kSide, Look::kSide);
  for (int i = 0; i < Look::kSide * Look::kSide; ++i) {
    const auto grey = static_cast<uint8_t>(level(i / Look::kSide, i % Look::kSide));
    std::fill_n(pixels.begin() + 3 * i, 3, grey);
  }
  return LookOf(image);
}

TEST(Look, ARangeOfTwelveLevelsIsEnough) {
  EXPECT_TRUE(LookOfLevels([](int y, int x) { return 100 + (y + x == 0 ? 11 : 0); }).plain());
  EXPECT_FALSE(LookOfLevels([](int y, int x) { return 100 + (y + x == 0 ? 12 : 0); }).plain());
}

TEST(Look, ADifferenceOfTwoLevelsCountsAndOneIsNoise) {
  const auto stripes = [](int depth) {
    return LookOfLevels([=](int, int x) { return 100 + (x % 2 == 0 ? depth : 0); });
  };
  EXPECT_EQ(std::popcount(stripes(2).across), 32);
  EXPECT_EQ(stripes(1).across, 0u);
  EXPECT_EQ(stripes(2).down, 0u);
}

// The differences change sign, and hardly a grey level changes.
TEST(Look, DifferencesAcrossAndDownCountByThemselves) {
  const auto across = [](int first) {
    return LookOfLevels([=](int, int x) { return 100 + (x % 2 == first ? 3 : 0); });
  };
  const auto down = [](int first) {
    return LookOfLevels([=](int y, int) { return 100 + (y % 2 == first ? 3 : 0); });
  };
  EXPECT_TRUE(LooksLike(across(0), across(0)));
  EXPECT_FALSE(LooksLike(across(0), across(1)));
  EXPECT_FALSE(LooksLike(down(0), down(1)));
}

TEST(Look, FourDifferencesMayDiffer) {
  // A step more in each of the first rows.
  const auto steps = [](int rows) {
    return LookOfLevels([=](int y, int x) { return 100 + (y < rows && x == 4 ? 0 : 3 * (x % 2)); });
  };
  const auto bits = [&](int rows) { return std::popcount(steps(0).across ^ steps(rows).across); };
  for (const int rows : {1, 2, 3, 4, 5}) {
    EXPECT_EQ(LooksLike(steps(0), steps(rows)), bits(rows) <= kMostBits) << rows;
  }
}

TEST(Look, TheSameDifferencesOfAnotherContrastLookDifferent) {
  const auto of = [](int depth, int brighter) {
    return LookOfLevels([=](int, int x) { return 50 + brighter + (x % 2 == 0 ? depth : 0); });
  };
  EXPECT_TRUE(LooksLike(of(20, 0), of(30, 0)));
  EXPECT_FALSE(LooksLike(of(20, 0), of(60, 0)));
  EXPECT_TRUE(LooksLike(of(20, 0), of(20, 90)));  // brightness alone is nothing
}

TEST(Duplicates, EqualNumbersAreGroupsInTheOrderOfTheirFirst) {
  const std::vector<uint64_t> numbers = {5, 0, 7, 5, 0, 9, 7, 5};
  EXPECT_THAT(EqualOnes(numbers, 0), ElementsAre(Group{0, 3, 7}, Group{2, 6}));
}

// Every pair that looks alike is found, as if each were compared with each.
TEST(Duplicates, NoPairIsMissed) {
  std::vector<Look> looks;
  std::vector<uint64_t> places;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    looks.push_back(LookAt(TexturedImage(seed % 100, 20 + static_cast<int>(seed / 100) * 7, 33)));
    places.push_back(seed);
  }
  const std::vector<Group> groups = AlikeOnes(looks, places, [] { return false; });
  std::vector<size_t> group_of(looks.size(), looks.size());
  for (size_t group = 0; group < groups.size(); ++group) {
    for (const uint64_t place : groups[group]) group_of[place] = group;
  }
  size_t pairs = 0;
  for (size_t i = 0; i < looks.size(); ++i) {
    for (size_t j = i + 1; j < looks.size(); ++j) {
      if (!LooksLike(looks[i], looks[j])) continue;
      ++pairs;
      EXPECT_LT(group_of[i], groups.size());
      EXPECT_EQ(group_of[i], group_of[j]);
    }
  }
  EXPECT_GE(pairs, 150u);
}

class CheckImagesTest : public testing::Test {
 protected:
  // Two classes of six pictures to train on, and two pictures of each to judge on.
  CheckImagesTest() {
    for (uint32_t i = 0; i < 16; ++i) {
      const std::string split = i < 12 ? "train" : "val", kind = i % 2 == 0 ? "cat" : "dog";
      folder_.Write(split + '/' + kind + '/' + std::to_string(i) + ".png",
                    Png(TexturedImage(i + 1, 40, 48)));
    }
  }
  CheckResult Check(int threads = 2) const {
    CheckOptions options;
    options.threads = threads;
    return CheckImages(*OpenFolder(folder_.path()), options);
  }
  static std::vector<std::vector<std::string>> Names(const CheckResult& result,
                                                     const std::vector<Group>& groups) {
    std::vector<std::vector<std::string>> names;
    for (const Group& group : groups) {
      names.emplace_back();
      for (const uint64_t place : group) names.back().push_back(result.names[place]);
    }
    return names;
  }

  const TempFolder folder_;
  const std::vector<std::string> classes_ = {"cat", "dog"};
};

TEST_F(CheckImagesTest, OfASoundSetNothingIsSaid) {
  const CheckResult result = Check();
  const CheckSummary summary = Summarise(result, classes_);
  EXPECT_TRUE(summary.well());
  EXPECT_EQ(summary.trained, 12u);
  EXPECT_EQ(summary.judged_on, 4u);
  ASSERT_EQ(summary.formats.size(), 1u);
  EXPECT_EQ(summary.formats[0].name, "PNG");
  EXPECT_EQ(summary.formats[0].median.width, 48);
  ASSERT_EQ(summary.classes.size(), 2u);
  EXPECT_EQ(summary.classes[1].name, "dog");
  EXPECT_EQ(summary.classes[1].trained, 6u);
  EXPECT_EQ(summary.classes[1].judged_on, 2u);
  double seconds = 0;  // of those to train on
  for (const CheckedImage& image : result.images) seconds += image.judged_on ? 0 : image.seconds;
  EXPECT_NEAR(summary.decode_seconds, seconds, 1e-9);
  EXPECT_GT(seconds, 0);
  EXPECT_GE(summary.slowest_share, 1.0 / 12);
}

TEST(CheckImages, ThoseThatAreTrainedAndJudgedOnAreCheckedOnce) {
  const TempFolder folder;
  WriteCifar10(folder, "", 1);  // five images to train on and one to judge on
  const CheckResult result =
      CheckImages(*OpenCifar(Cifar::k10, folder.path(), {"train", "test"}), {});
  EXPECT_EQ(result.judged_and_trained, 1u);
  EXPECT_EQ(result.names.size(), 6u);
}

TEST_F(CheckImagesTest, OfASetWithoutSplitsAllAreToTrainOn) {
  CheckOptions options;
  const CheckResult result = CheckImages(*OpenFolder(folder_ / "train"), options);
  EXPECT_EQ(result.judged_and_trained, 0u);
  EXPECT_EQ(Summarise(result, classes_).trained, 12u);
  EXPECT_EQ(Summarise(result, classes_).judged_on, 0u);
}

TEST(CheckSummary, HasTheSizesOfEachFormatTheMostFrequentFirst) {
  const TempFolder folder;
  folder.Write("a/1.jpg", Jpeg(TexturedImage(1, 30, 60), 90));
  folder.Write("a/2.png", Png(TexturedImage(2, 50, 40)));
  folder.Write("a/3.png", Png(TexturedImage(3, 10, 20)));
  folder.Write("a/4.png", Png(TexturedImage(4, 30, 20)));
  const CheckSummary summary = Summarise(CheckImages(*OpenFolder(folder.path()), {}), {"a"});
  ASSERT_EQ(summary.formats.size(), 2u);
  EXPECT_EQ(summary.formats[0].name, "PNG");
  EXPECT_EQ(summary.formats[0].images, 3u);
  EXPECT_EQ(summary.formats[0].smallest.height, 10);
  EXPECT_EQ(summary.formats[0].median.height, 30);
  EXPECT_EQ(summary.formats[0].largest.height, 50);
  EXPECT_EQ(summary.formats[1].name, "JPEG");
}

TEST(CheckSummary, ACopyOfWhatIsSimilarToATrainedOneLeaksToo) {
  CheckResult result;
  result.images.resize(3);
  for (CheckedImage& image : result.images) image.format = "PNG";
  result.images[1].judged_on = result.images[2].judged_on = true;
  result.copies = {{1, 2}};
  result.similar = {{{0, 1}, 0.97}};
  const CheckSummary summary = Summarise(result, {});
  EXPECT_THAT(summary.leaks, IsEmpty());
  ASSERT_EQ(summary.similar_leaks.size(), 2u);
  EXPECT_EQ(summary.similar_leaks[1].judged, 2u);
  EXPECT_EQ(summary.similar_leaks[1].trained, 0u);
  EXPECT_EQ(summary.similar_leaks[1].similarity, 0.97);
}

TEST_F(CheckImagesTest, FindsBadImagesWithTheirReasons) {
  folder_.Write("train/cat/bad.jpg", "<!DOCTYPE html><html>");
  Bytes cut = Png(TexturedImage(50, 40, 48));
  cut.resize(cut.size() / 2);
  folder_.Write("val/dog/cut.png", cut);
  const CheckResult result = Check();
  const CheckSummary summary = Summarise(result, classes_);
  EXPECT_FALSE(summary.well());
  ASSERT_EQ(summary.bad.size(), 2u);
  EXPECT_EQ(result.names[summary.bad[0]], "train/cat/bad.jpg");
  EXPECT_THAT(result.images[summary.bad[0]].bad, HasSubstr("HTML"));
  EXPECT_EQ(result.names[summary.bad[1]], "val/dog/cut.png");
  EXPECT_EQ(summary.trained, 12u);
  EXPECT_EQ(summary.trained_bad, 1u);
  ASSERT_EQ(summary.formats.size(), 1u);
  EXPECT_EQ(summary.formats[0].images, 16u);
  EXPECT_EQ(summary.classes[0].trained, 6u);
  EXPECT_EQ(result.plain, 0u);
}

TEST_F(CheckImagesTest, FindsCopiesByTheirPixelsAndOthersByTheirLooks) {
  const Raw first = TexturedImage(1, 40, 48);  // train/cat/0.png
  Bytes with_more = Png(first);
  folder_.Write("train/dog/copy.png", with_more);
  folder_.Write("train/cat/z.ppm",
                "P6\n48 40\n255\n" + std::string(first.values.begin(), first.values.end()));
  folder_.Write("train/cat/small.jpg", Jpeg(TexturedImage(3, 60, 70), 70));  // train/cat/2.png
  const CheckResult result = Check();
  const CheckSummary summary = Summarise(result, classes_);
  EXPECT_THAT(Names(result, result.copies),
              ElementsAre(ElementsAre("train/cat/0.png", "train/cat/z.ppm", "train/dog/copy.png")));
  EXPECT_THAT(Names(result, result.alike),
              ElementsAre(ElementsAre("train/cat/2.png", "train/cat/small.jpg")));
  EXPECT_EQ(summary.copies, 2u);
  EXPECT_EQ(summary.trained_copies, 2u);
  EXPECT_EQ(summary.other_labels, 1u);
  EXPECT_EQ(summary.alike, 1u);
  EXPECT_THAT(summary.leaks, IsEmpty());
  EXPECT_FALSE(summary.well());
}

TEST_F(CheckImagesTest, FindsLeaksFromOneSplitToAnother) {
  folder_.Write("val/cat/same.png", Png(TexturedImage(1, 40, 48)));
  folder_.Write("val/dog/near.png", Png(TexturedImage(2, 80, 96)));
  folder_.Write("val/dog/within.png", Png(TexturedImage(13, 40, 48)));  // of val alone
  const CheckResult result = Check();
  const CheckSummary summary = Summarise(result, classes_);
  ASSERT_EQ(summary.leaks.size(), 2u);
  EXPECT_TRUE(summary.leaks[0].exact);
  EXPECT_EQ(result.names[summary.leaks[0].judged], "val/cat/same.png");
  EXPECT_EQ(result.names[summary.leaks[0].trained], "train/cat/0.png");
  EXPECT_FALSE(summary.leaks[1].exact);
  EXPECT_EQ(result.names[summary.leaks[1].judged], "val/dog/near.png");
  EXPECT_EQ(result.names[summary.leaks[1].trained], "train/dog/1.png");
  EXPECT_EQ(summary.copies, 2u);
  EXPECT_EQ(summary.trained_copies, 0u);
  EXPECT_EQ(summary.other_labels, 1u);  // within.png is a dog, and a cat
}

TEST_F(CheckImagesTest, AnImageLeaksOnce) {
  folder_.Write("val/cat/same.png", Png(TexturedImage(1, 40, 48)));    // train/cat/0.png
  folder_.Write("train/cat/near.png", Png(TexturedImage(1, 80, 96)));  // looks like both
  const CheckSummary summary = Summarise(Check(), classes_);
  ASSERT_EQ(summary.leaks.size(), 1u);
  EXPECT_TRUE(summary.leaks[0].exact);
}

// A copy in val of an image that looks like one of train leaks too, though copies are not compared
// by looks again.
TEST_F(CheckImagesTest, ACopyOfWhatLooksLikeATrainedOneLeaks) {
  folder_.Write("train/cat/x1.png", Png(TexturedImage(70, 40, 48)));
  folder_.Write("val/cat/x2.png", Png(TexturedImage(70, 80, 96)));
  folder_.Write("val/cat/x3.png", Png(TexturedImage(70, 80, 96)));
  EXPECT_EQ(Summarise(Check(), classes_).leaks.size(), 2u);
}

TEST_F(CheckImagesTest, PlainImagesAreCountedAndNotCompared) {
  folder_.Write("train/cat/white.png", Png(SolidImage(20, 20, {255, 255, 255})));
  folder_.Write("train/cat/grey.png", Png(SolidImage(30, 30, {99, 99, 99})));
  const CheckResult result = Check();
  EXPECT_EQ(result.plain, 2u);
  EXPECT_TRUE(Summarise(result, classes_).well());
}

TEST_F(CheckImagesTest, TheNumberOfThreadsChangesNothing) {
  folder_.Write("train/cat/copy.png", Png(TexturedImage(3, 40, 48)));
  folder_.Write("train/cat/near.png", Png(TexturedImage(5, 80, 90)));
  const CheckResult one = Check(1), four = Check(4);
  EXPECT_EQ(one.names, four.names);
  EXPECT_EQ(one.copies, four.copies);
  EXPECT_EQ(one.alike, four.alike);
  for (size_t i = 0; i < one.images.size(); ++i) {
    EXPECT_EQ(one.images[i].pixels, four.images[i].pixels);
  }
}

TEST_F(CheckImagesTest, StopsWhenItIsAskedTo) {
  CheckOptions options;
  options.stop = [] { return true; };
  EXPECT_TRUE(CheckImages(*OpenFolder(folder_.path()), options).stopped);
}

}  // namespace
}  // namespace flowtrain
