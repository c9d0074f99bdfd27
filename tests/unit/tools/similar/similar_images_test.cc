// Altered copies of images in a data set, found by a network; nothing but its architecture is needed
// for these.
#include "tools/similar/similar_images.h"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <set>
#include <string>
#include <vector>

#include "nodes/check/check_images.h"
#include "nodes/check/check_summary.h"
#include "nodes/data/folder_set.h"
#include "nodes/train/model/resnet.h"
#include "nodes/train/weights/named_tensors.h"
#include "nodes/train/weights/safetensors.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"
#include "tests/support/textured_image.h"

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Gt;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr int kSide = 64;

// The picture that `from` tells the place of, for each pixel of the new one.
template <typename From>
Raw Moved(const Raw& image, From from) {
  Raw moved{kSide, kSide, 3, {}};
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const auto [there_y, there_x] = from(y + 0.5, x + 0.5);
      const int row = std::clamp(static_cast<int>(there_y), 0, kSide - 1);
      const int column = std::clamp(static_cast<int>(there_x), 0, kSide - 1);
      for (int c = 0; c < 3; ++c) {
        moved.values.push_back(image.values[static_cast<size_t>((row * kSide + column) * 3 + c)]);
      }
    }
  }
  return moved;
}

struct Place {
  double y, x;
};

Raw Mirrored(const Raw& image) {
  return Moved(image, [](double y, double x) { return Place{y, kSide - x}; });
}

Raw Cropped(const Raw& image) {
  constexpr double kMargin = 0.1 * kSide;
  return Moved(image, [](double y, double x) {
    return Place{kMargin + 0.8 * y, kMargin + 0.8 * x};
  });
}

Raw Rotated(const Raw& image) {
  const double angle = 5 * std::numbers::pi / 180, middle = kSide / 2.0;
  return Moved(image, [=](double y, double x) {
    const double up = y - middle, right = x - middle;
    return Place{middle + std::cos(angle) * up - std::sin(angle) * right,
                 middle + std::sin(angle) * up + std::cos(angle) * right};
  });
}

Raw Brighter(Raw image) {
  for (uint8_t& value : image.values) {
    value = static_cast<uint8_t>(std::min(255.0, 1.2 * value));
  }
  return image;
}

RgbImage ImageOf(const Raw& raw) {
  RgbImage image;
  const auto pixels = image.Resize(raw.height, raw.width);
  std::copy(raw.values.begin(), raw.values.end(), pixels.begin());
  return image;
}

Config Parameters() {
  return Config(ReadYaml(
      "{device: cpu, threads: 1, gpu: {memory_limit: '', cudnn_benchmark: false},"
      " model: {backbone: resnet18, stem: standard, width_multiplier: 1}, data: {image_size: 64}}",
      "test.yaml"));
}

class SimilarImagesTest : public testing::Test {
 protected:
  SimilarImagesTest() {
    for (uint32_t i = 1; i <= 60; ++i) Write("train/a/" + Number(i), Picture(i));
    Write("train/b/1.png", Picture(101));
    WriteSafetensors(weights_, {ParametersAndBuffers(network_), {}});
  }

  static std::string Number(uint32_t i) { return std::to_string(i) + ".png"; }
  static Raw Picture(uint32_t seed) { return TexturedImage(seed, kSide, kSide); }
  void Write(const std::string& name, const Raw& raw) const {
    folder_.Write("photos/" + name, WritePng(raw.height, raw.width, 8, 2, raw.values));
  }
  CheckResult Check(double threshold) const {
    const auto comparison = CompareByNetwork(Parameters(), weights_, threshold);
    CheckOptions options;
    options.threads = 2;
    options.comparison = comparison.get();
    return CheckImages(*OpenFolder(folder_ / "photos"), options);
  }
  static std::vector<std::string> Names(const CheckResult& result, const Group& group) {
    std::vector<std::string> names;
    for (const uint64_t place : group) names.push_back(result.names[place]);
    return names;
  }

  const TempFolder folder_;
  const std::string weights_ = folder_ / "weights.safetensors";
  ResNet network_ = [] {
    at::manual_seed(3);
    return ResNet(ResNetOptions{});
  }();
};

// By itself, in parts: 60 pictures, and copies of four of them.
TEST_F(SimilarImagesTest, AlteredCopiesAreSimilarAndOtherPicturesAreNot) {
  constexpr double kLow = 0.25;  // a network that has not learned; pictures reach 0.18
  std::vector<Raw> pictures;
  for (uint32_t i = 0; i < 60; ++i) pictures.push_back(Picture(i + 1));
  for (const Raw& copy : {Mirrored(pictures[50]), Brighter(pictures[1]), Rotated(pictures[2]),
                          Cropped(pictures[3])}) {
    pictures.push_back(copy);
  }
  const auto comparison = CompareByNetwork(Parameters(), weights_, kLow);
  std::vector<uint64_t> places;
  for (const size_t first : {size_t{0}, size_t{40}}) {
    const size_t end = first == 0 ? 40 : pictures.size();
    comparison->BeginPart(first, end - first);
    for (size_t place = first; place < end; ++place) {
      comparison->Take(place, ImageOf(pictures[place]));
      places.push_back(place);
    }
    comparison->EndPart([] { return false; });
  }
  std::map<Group, double> similarity;
  for (const auto& [images, similar] : comparison->Groups(
           places, [] { return false; }, [](uint64_t, uint64_t) {})) {
    similarity[images] = similar;
  }
  EXPECT_THAT(similarity,
              UnorderedElementsAre(Pair(Group{50, 60}, Gt(0.999)), Pair(Group{1, 61}, Gt(kLow)),
                                   Pair(Group{2, 62}, Gt(0.7)), Pair(Group{3, 63}, Gt(kLow))));
}

// In a data set, whose looks find none of these.
TEST_F(SimilarImagesTest, LeaksBetweenSplitsAreNamed) {
  Write("train/a/copy2.png", Mirrored(Picture(2)));
  Write("val/a/3.png", Rotated(Picture(3)));
  Write("val/a/5.png", Mirrored(Picture(5)));
  Write("val/a/6.png", Picture(100));
  const CheckResult result = Check(kSimilar);
  std::set<std::vector<std::string>> found;
  for (const SimilarGroup& group : result.similar) found.insert(Names(result, group.images));
  EXPECT_THAT(found, UnorderedElementsAre(ElementsAre("train/a/2.png", "train/a/copy2.png"),
                                          ElementsAre("train/a/3.png", "val/a/3.png"),
                                          ElementsAre("train/a/5.png", "val/a/5.png")));
  EXPECT_THAT(result.alike, IsEmpty());

  const CheckSummary summary = Summarise(result, {"a", "b"});
  EXPECT_EQ(summary.similar, 3u);
  std::set<std::vector<std::string>> leaks;
  for (const SimilarLeak& leak : summary.similar_leaks) {
    EXPECT_GE(leak.similarity, kSimilar);
    leaks.insert(Names(result, {leak.judged, leak.trained}));
  }
  EXPECT_THAT(leaks, UnorderedElementsAre(ElementsAre("val/a/3.png", "train/a/3.png"),
                                          ElementsAre("val/a/5.png", "train/a/5.png")));
  EXPECT_THAT(summary.leaks, IsEmpty());
  EXPECT_TRUE(summary.well());  // a network's opinion is no finding
}

// The copy of a copy is not compared, and leaks all the same; what looks alike is not told twice.
TEST_F(SimilarImagesTest, CopiesOfSimilarImagesLeakTooAndWhatLooksAlikeIsToldOnce) {
  Write("train/a/copy5.png", Mirrored(Picture(5)));
  Write("val/a/copy5.png", Mirrored(Picture(5)));
  Write("val/a/7.png", TexturedImage(7, 128, 128));
  const CheckResult result = Check(kSimilar);
  ASSERT_EQ(result.alike.size(), 1u);
  EXPECT_THAT(Names(result, result.alike[0]), ElementsAre("train/a/7.png", "val/a/7.png"));
  ASSERT_EQ(result.similar.size(), 1u);
  EXPECT_THAT(Names(result, result.similar[0].images),
              ElementsAre("train/a/5.png", "train/a/copy5.png"));
  EXPECT_NEAR(result.similar[0].similarity, 1, 1e-3);
  const CheckSummary summary = Summarise(result, {"a", "b"});
  EXPECT_EQ(summary.leaks.size(), 2u);  // copies, and what looks alike
  EXPECT_THAT(summary.similar_leaks, IsEmpty());
}

TEST_F(SimilarImagesTest, BadImagesAreLeftOutAndNothingIsComparedOfAStoppedCheck) {
  folder_.Write("photos/train/a/bad.png", "no image");
  Write("train/a/z.png", Mirrored(Picture(60)));
  const CheckResult result = Check(kSimilar);
  ASSERT_EQ(result.similar.size(), 1u);
  EXPECT_THAT(Names(result, result.similar[0].images),
              ElementsAre("train/a/60.png", "train/a/z.png"));

  const auto comparison = CompareByNetwork(Parameters(), weights_, kSimilar);
  CheckOptions options;
  options.comparison = comparison.get();
  options.stop = [] { return true; };
  EXPECT_TRUE(CheckImages(*OpenFolder(folder_ / "photos"), options).stopped);
}

TEST_F(SimilarImagesTest, OfANetworkThatSeesNoDifferencesNothingIsSimilar) {
  const c10::NoGradGuard no_grad;
  for (at::Tensor& parameter : network_.parameters()) parameter.zero_();
  WriteSafetensors(weights_, {ParametersAndBuffers(network_), {}});
  EXPECT_THAT(Check(kSimilar).similar, IsEmpty());
}

TEST_F(SimilarImagesTest, RefusesWeightsThatAreNotFiniteOrOfAnotherNetworkByName) {
  const c10::NoGradGuard no_grad;
  Config other = Parameters();
  other.Set("model.backbone=resnet34");
  EXPECT_THAT(MessageOf<ConfigError>([&] { CompareByNetwork(other, weights_, kSimilar); }),
              AllOf(HasSubstr("model.backbone (--set)"), HasSubstr(weights_)));
  Config no_side = Parameters();
  no_side.Set("data.image_size=0");
  EXPECT_THAT(MessageOf<ConfigError>([&] { CompareByNetwork(no_side, weights_, kSimilar); }),
              HasSubstr("data.image_size"));

  network_.parameters()[0].fill_(1e38);  // finite, but not what it makes of an image
  WriteSafetensors(weights_, {ParametersAndBuffers(network_), {}});
  EXPECT_THAT(MessageOf<DataError>([&] { Check(kSimilar); }),
              AllOf(HasSubstr(weights_), HasSubstr("not finite")));
  network_.parameters()[0].fill_(std::numeric_limits<float>::quiet_NaN());
  WriteSafetensors(weights_, {ParametersAndBuffers(network_), {}});
  EXPECT_THAT(MessageOf<DataError>([&] { Check(kSimilar); }),
              AllOf(HasSubstr(weights_), HasSubstr("conv1.weight")));
}

}  // namespace
}  // namespace flowtrain
