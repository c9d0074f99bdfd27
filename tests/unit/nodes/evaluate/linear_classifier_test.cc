#include "nodes/evaluate/linear_classifier.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <limits>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

struct Data {
  at::Tensor features, labels;
};

// Classes around centres of their own, on features of very different scales.
Data Blobs(int64_t images, int64_t classes, double spread) {
  at::manual_seed(5);
  const at::Tensor labels = at::arange(images, at::kLong).remainder(classes);
  const at::Tensor centres = at::randn({classes, 12});
  const at::Tensor features = centres.index_select(0, labels) + at::randn({images, 12}) * spread;
  return {features * at::logspace(-3, 3, 12) + 50, labels};
}

TEST(LinearClassifier, SeparatesWhatALineSeparates) {
  const auto [features, labels] = Blobs(600, 6, 0.1);
  const LinearClassifier classifier = TrainLinear(features, labels, {.classes = 6, .epochs = 30});
  EXPECT_EQ(TopK(classifier.Logits(features), labels, 1), 1.0);
}

TEST(LinearClassifier, EndsAtTheMinimumOfTheRegularisedLoss) {
  const auto [features, labels] = Blobs(200, 4, 1.5);
  const double decay = 0.02;
  const LinearClassifier found = TrainLinear(features, labels,
                                             {.classes = 4,
                                              .epochs = 1000,
                                              .batch_size = 200,
                                              .learning_rate = 0.2,
                                              .weight_decay = decay});
  const at::Tensor weight = found.weight.clone().requires_grad_(true);
  const at::Tensor bias = found.bias.clone().requires_grad_(true);
  const at::Tensor logits = at::addmm(bias, (features - found.mean) / found.scale, weight.t());
  const at::Tensor loss =
      at::cross_entropy_loss(logits, labels) + weight.square().sum() * (decay / 2);
  loss.backward();
  EXPECT_LT(weight.grad().abs().max().item<double>(), 1e-4);
  EXPECT_LT(bias.grad().abs().max().item<double>(), 1e-4);
  EXPECT_GT(weight.abs().max().item<double>(), 0.1);
}

TEST(LinearClassifier, TheSeedDecides) {
  const auto [features, labels] = Blobs(100, 3, 2);
  LinearOptions options{.classes = 3, .epochs = 3, .batch_size = 16};
  const at::Tensor first = TrainLinear(features, labels, options).weight;
  EXPECT_TRUE(first.equal(TrainLinear(features, labels, options).weight));
  options.seed = 1;
  EXPECT_FALSE(first.equal(TrainLinear(features, labels, options).weight));
}

TEST(LinearClassifier, TopKCountsTheKLargest) {
  const at::Tensor logits = at::tensor({9.F, 5.F, 1.F, 0.F, 7.F, 8.F, 6.F, 1.F}).view({2, 4});
  const at::Tensor labels = at::tensor({1, 3}, at::kLong);
  EXPECT_EQ(TopK(logits, labels, 1), 0.0);
  EXPECT_EQ(TopK(logits, labels, 2), 0.5);
  EXPECT_EQ(TopK(logits, labels, 5), 1.0);  // of four classes
}

TEST(LinearClassifier, OfEqualLogitsTheFirstAreTheLargest) {
  const at::Tensor logits = at::zeros({4, 4}), labels = at::arange(4, at::kLong);
  EXPECT_EQ(TopK(logits, labels, 1), 0.25);
  EXPECT_EQ(TopK(logits, labels, 3), 0.75);
  EXPECT_TRUE(logits.argmax(1).eq(0).all().item<bool>()) << "as the confusion has them";
}

TEST(LinearClassifier, TheSizeOfFeaturesMakesNoDifference) {
  const at::Tensor features = at::randn({8, 3}), labels = at::arange(8, at::kLong).remainder(2);
  const LinearOptions options{.classes = 2};
  const auto guesses = [&](const at::Tensor& of) {
    return TrainLinear(of, labels, options).Logits(of).argmax(1);
  };
  EXPECT_TRUE(at::equal(guesses(features * 1e30), guesses(features)));
}

TEST(LinearClassifier, FeaturesThatAreNotFiniteAreRefused) {
  at::Tensor features = at::randn({8, 3});
  features[0][0] = std::numeric_limits<float>::infinity();
  EXPECT_THROW(TrainLinear(features, at::arange(8, at::kLong).remainder(2), {.classes = 2}),
               DataError);
}

}  // namespace
}  // namespace flowtrain
