#include "nodes/evaluate/feature_table.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

#include "nodes/evaluate/final_line.h"
#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

using testing::HasSubstr;

class Sink final : public FeatureSink {
 public:
  bool finished = false;

 private:
  void Finish(const FeatureTable&) override { finished = true; }
};

// What flushing a sink throws that was given these features, two images.
std::string Refusal(const at::Tensor& features, bool* finished) {
  const TestContext context;
  Sink sink;
  sink.Open(context);
  Step step;
  auto payload = std::make_unique<FeaturePayload>();
  payload->table = {features, at::zeros({2}, at::kLong), at::arange(2, at::kLong)};
  step.payload = std::move(payload);
  sink.Process(step);
  const std::string message = MessageOf<DataError>([&] { sink.Flush(); });
  *finished = sink.finished;
  return message;
}

TEST(FeatureSink, RefusesWhatIsNotFinite) {
  bool finished = false;
  EXPECT_EQ(Refusal(at::ones({2, 3}), &finished), "");
  EXPECT_TRUE(finished);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    at::Tensor features = at::ones({2, 3});
    features[1][2] = bad;
    EXPECT_THAT(Refusal(features, &finished), HasSubstr("not finite for 1 of 2 images"));
    EXPECT_FALSE(finished);
  }
}

class List final : public LabelledImages {
 public:
  explicit List(uint64_t size) : size_(size) {}
  uint64_t size() const override { return size_; }
  EncodedImage Fetch(uint64_t, std::vector<uint8_t>&) const override { return {}; }

 private:
  uint64_t size_;
};

TEST(SplitByList, CountsWhatIsLeftOut) {
  const List bank(4), queries(3);
  // Images 1 and 6 could not be read, image 2 has no label.
  const FeatureTable table{at::arange(5, at::kFloat).view({5, 1}),
                           at::tensor({0, -1, 1, 0, 1}, at::kLong),
                           at::tensor({0, 2, 3, 4, 5}, at::kLong)};
  const BankAndQueries split = SplitByList(table, {&bank, &queries, false, {}});
  EXPECT_TRUE(split.bank.labels.equal(at::tensor({0, 1}, at::kLong)));
  EXPECT_TRUE(split.queries.features.flatten().equal(at::tensor({3.F, 4.F})));
  EXPECT_EQ(split.left_out, 3);
}

TEST(SplitByList, OneListIsCountedOnce) {
  const List bank(4);
  const FeatureTable table{at::ones({2, 1}), at::tensor({0, 1}, at::kLong),
                           at::tensor({0, 3}, at::kLong)};
  const BankAndQueries split = SplitByList(table, {&bank, &bank, true, {}});
  EXPECT_EQ(split.queries.labels.size(0), 2);
  EXPECT_EQ(split.left_out, 2);
}

TEST(SplitByList, OtherImagesAreRefused) {
  const List bank(4);
  const FeatureTable table{at::ones({2, 1}), at::tensor({0, 1}, at::kLong),
                           at::tensor({0, 4}, at::kLong)};
  EXPECT_THAT(MessageOf<DataError>([&] {
                SplitByList(table, {&bank, &bank, true, {}});
              }),
              HasSubstr("images: labelled"));
}

TEST(FinalLine, HasFiguresAndCounts) {
  EXPECT_EQ(FinalLine({{"knn_top1", 36.25}, {"start", std::nan("")}}, {{"bank", 80}}),
            R"({"final":true,"knn_top1":36.25,"start":null,"bank":80})");
}

}  // namespace
}  // namespace flowtrain
