#include "nodes/evaluate/embedding_file.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

constexpr int kSide = 4;

// Squares of one colour, which tells their index; two classes in turn.
class ColouredImages final : public LabelledImages {
 public:
  explicit ColouredImages(uint64_t size) : size_(size) {}
  uint64_t size() const override { return size_; }
  std::string Name() const override { return "colours"; }
  EncodedImage Fetch(uint64_t index, std::vector<uint8_t>& storage) const override {
    storage.assign(size_t{kSide} * kSide * 3, static_cast<uint8_t>(index));
    EncodedImage image;
    image.label = static_cast<int32_t>(index % 2);
    image.bytes = storage;
    image.encoding = Encoding::kRgb;
    image.height = image.width = kSide;
    return image;
  }

 private:
  uint64_t size_;
};

// Directions in a plane, degrees.
Features At(const std::vector<double>& degrees) {
  const auto count = static_cast<int64_t>(degrees.size());
  at::Tensor features = at::zeros({count, 2});
  for (int64_t i = 0; i < count; ++i) {
    const double angle = degrees[static_cast<size_t>(i)] * M_PI / 180;
    features[i][0] = 3 * std::cos(angle);
    features[i][1] = 3 * std::sin(angle);
  }
  const at::Tensor index = at::arange(count, at::kLong);
  return {.features = features, .labels = index.remainder(2), .index = index};
}

TEST(NearestTo, IsWhatSortingAllCosinesGives) {
  std::vector<double> known, asked = {11, 100, 250};
  for (int i = 0; i < 40; ++i) known.push_back(i * 37 % 360 + 0.1 * i);
  const auto found = NearestTo(At(known), At(asked), {0, 1, 2}, 5, false);
  ASSERT_EQ(found.size(), 3u);
  for (size_t q = 0; q < asked.size(); ++q) {
    std::vector<int64_t> order(known.size());
    std::iota(order.begin(), order.end(), 0);
    const auto cosine = [&](int64_t i) {
      return std::cos((known[static_cast<size_t>(i)] - asked[q]) * M_PI / 180);
    };
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return cosine(a) > cosine(b); });
    order.resize(5);
    EXPECT_EQ(found[q].nearest, order) << q;
    for (size_t k = 0; k < 5; ++k) EXPECT_NEAR(found[q].cosines[k], cosine(order[k]), 1e-5);
  }
}

TEST(NearestTo, NoImageIsItsOwnNeighbour) {
  const Features all = At({0, 10, 90});
  const auto found = NearestTo(all, all, {0, 2}, 5, true);
  EXPECT_THAT(found[0].nearest, testing::ElementsAre(1, 2));
  EXPECT_THAT(found[1].nearest, testing::ElementsAre(1, 0));
}

TEST(SpreadRows, TakesFromEachClassWhateverTheOrder) {
  std::vector<int64_t> turns(100), sorted(100);
  for (size_t i = 0; i < 100; ++i)
    turns[i] = static_cast<int64_t>(i % 10), sorted[i] = static_cast<int64_t>(i / 10);
  for (const auto& labels : {turns, sorted}) {
    std::vector<int64_t> classes;
    for (const int64_t row : SpreadRows(at::tensor(labels, at::kLong), 10)) {
      classes.push_back(labels[static_cast<size_t>(row)]);
    }
    EXPECT_THAT(classes, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  }
  EXPECT_EQ(SpreadRows(at::tensor(turns, at::kLong), 500).size(), 100u) << "all of them once";
}

TEST(EmbeddingFile, HasTheMapAndTheNeighbours) {
  const TempFolder folder;
  const ColouredImages known(12), asked(6);
  std::vector<double> known_at, asked_at;
  for (int i = 0; i < 12; ++i) known_at.push_back(30 * i);
  for (int i = 0; i < 6; ++i) asked_at.push_back(60 * i + 1);
  WriteEmbeddingFile(folder.path(), {&known, &asked, false, ""}, At(known_at), At(asked_at),
                     {"even", "odd"}, 7);
  const auto json = nlohmann::json::parse(ReadText(folder / "embedding.json"));
  EXPECT_EQ(json["format"], "flowtrain embedding");
  EXPECT_EQ(json["steps"], 7);
  EXPECT_EQ(json["map"]["points"].size(), 6u);
  for (const auto& query : json["neighbours"]["queries"]) {
    EXPECT_EQ(query["nearest"].size(), 5u);
    EXPECT_NEAR(query["nearest"][0]["cosine"], std::cos(M_PI / 180), 1e-4);
    EXPECT_EQ(query["nearest"][0]["label"], 0) << "60 degrees apart: an even place of the bank";
  }
  EXPECT_THAT(json["map"]["pictures"]["png"].get<std::string>(), testing::StartsWith("iVBOR"));
}

TEST(EmbeddingFile, ThatCannotBeWrittenIsNoError) {
  const TempFolder folder;
  const ColouredImages images(4);
  EXPECT_NO_THROW(WriteEmbeddingFile(folder / "none", {&images, nullptr, true, ""},
                                     At({0, 1, 90, 91}), At({0, 1, 90, 91}), {"a", "b"}, {}));
}

}  // namespace
}  // namespace flowtrain
