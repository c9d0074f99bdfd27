#include "nodes/data/sample_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "nodes/data/draw_picture.h"

namespace flowtrain {
namespace {

std::vector<uint8_t> PictureOf(const LabelledImages& images, uint64_t index) {
  std::vector<uint8_t> storage;
  images.Fetch(index, storage);
  return storage;
}

TEST(SampleSet, HasAQuarterAsManyFreshPicturesToEvaluateOn) {
  const auto set = MakeSampleSet(1, 40, 32);
  const Evaluation evaluation = set->evaluation();
  EXPECT_EQ(set->size(), 40u);
  EXPECT_EQ(evaluation.bank->size(), 40u);
  EXPECT_EQ(evaluation.queries->size(), 10u);
  for (uint64_t query = 0; query < 10; ++query) {
    for (uint64_t id = 0; id < 40; ++id) {
      EXPECT_NE(PictureOf(*evaluation.queries, query), PictureOf(*evaluation.bank, id));
    }
  }
}

TEST(SampleSet, GivesClassesTheSameShare) {
  const auto set = MakeSampleSet(1, 5 * kPictureClassCount, 8);
  std::array<int, kPictureClassCount> count{};
  std::vector<uint8_t> storage;
  for (uint64_t id = 0; id < 5 * kPictureClassCount; ++id) {
    const EncodedImage image = set->Fetch(id, storage);
    ASSERT_EQ(image.bytes.size(), 8u * 8 * 3);
    ++count.at(static_cast<size_t>(image.label));
  }
  for (const int n : count) EXPECT_EQ(n, 5);
  EXPECT_EQ(set->classes().size(), 21u);
  EXPECT_EQ(set->ImageName(20), "picture 20 (banded cross)");
}

TEST(SampleSet, DependsOnSeedAndIdAlone) {
  const auto once = MakeSampleSet(7, 20, 48), again = MakeSampleSet(7, 200, 48);
  const auto other = MakeSampleSet(8, 20, 48);
  std::vector<uint8_t> a, b, c;
  for (uint64_t id = 0; id < 20; ++id) {
    once->Fetch(id, a);
    again->Fetch(19 - id, b);  // in another order
    again->Fetch(id, b);
    other->Fetch(id, c);
    EXPECT_EQ(a, b);
    EXPECT_NE(a, c);
  }
}

TEST(SampleSet, DrawsEverySize) {
  for (const int side : {1, 2, 7, 33, 300}) {
    std::vector<uint8_t> rgb(size_t{3} * static_cast<size_t>(side) * static_cast<size_t>(side));
    for (int label = 0; label < kPictureClassCount; ++label) DrawPicture(1, 2, label, side, rgb);
  }
}

// Neither the mean colour nor its spread may tell the class: a nearest-neighbour vote on them stays
// near chance, 5 %.
TEST(SampleSet, ColourDoesNotTellTheClass) {
  constexpr int kPictures = 1200, kSide = 48, kNeighbours = 15;
  const auto set = MakeSampleSet(3, kPictures, kSide);
  std::vector<std::array<double, 6>> features(kPictures);
  std::vector<uint8_t> rgb;
  for (int id = 0; id < kPictures; ++id) {
    set->Fetch(static_cast<uint64_t>(id), rgb);
    auto& feature = features[static_cast<size_t>(id)];
    for (size_t c = 0; c < 3; ++c) {
      double sum = 0, squares = 0;
      for (size_t i = c; i < rgb.size(); i += 3) {
        sum += rgb[i];
        squares += double{1} * rgb[i] * rgb[i];
      }
      const double mean = sum / (kSide * kSide);
      feature[c] = mean;
      feature[3 + c] = std::sqrt(squares / (kSide * kSide) - mean * mean);
    }
  }
  int right = 0;
  for (int query = 0; query < kPictures; ++query) {
    std::vector<std::pair<double, int>> near;
    for (int id = 0; id < kPictures; ++id) {
      if (id == query) continue;
      double distance = 0;
      for (size_t i = 0; i < 6; ++i) {
        const double d =
            features[static_cast<size_t>(id)][i] - features[static_cast<size_t>(query)][i];
        distance += d * d;
      }
      near.emplace_back(distance, id % kPictureClassCount);
    }
    std::partial_sort(near.begin(), near.begin() + kNeighbours, near.end());
    std::array<int, kPictureClassCount> votes{};
    for (int i = 0; i < kNeighbours; ++i) {
      ++votes.at(static_cast<size_t>(near[static_cast<size_t>(i)].second));
    }
    const auto best = std::max_element(votes.begin(), votes.end()) - votes.begin();
    right += best == query % kPictureClassCount ? 1 : 0;
  }
  EXPECT_LT(right, kPictures / 10) << "of " << kPictures;
}

}  // namespace
}  // namespace flowtrain
