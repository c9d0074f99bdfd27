#include "nodes/evaluate/knn.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

// Vote by vote, in doubles.
int64_t Naive(const at::Tensor& bank, const at::Tensor& labels, const at::Tensor& query,
              int64_t skip, const KnnOptions& options) {
  std::vector<std::pair<double, int64_t>> near;
  for (int64_t i = 0; i < bank.size(0); ++i) {
    if (i == skip) continue;
    const at::Tensor a = bank[i].to(at::kDouble), b = query.to(at::kDouble);
    near.emplace_back((a.dot(b) / (a.norm() * b.norm())).item<double>(), labels[i].item<int64_t>());
  }
  std::sort(near.rbegin(), near.rend());
  near.resize(std::min<size_t>(near.size(), static_cast<size_t>(options.neighbours)));
  std::vector<double> votes(static_cast<size_t>(options.classes));
  for (const auto& [cosine, label] : near) {
    votes[static_cast<size_t>(label)] += std::exp(cosine / options.temperature);
  }
  return std::max_element(votes.begin(), votes.end()) - votes.begin();
}

TEST(Knn, EqualsTheVoteWrittenDown) {
  at::manual_seed(2);
  const at::Tensor bank = at::randn({90, 6}), queries = at::randn({700, 6});
  const at::Tensor labels = at::randint(4, {90}, at::kLong);
  for (const int64_t k : {1, 7, 1000}) {
    const KnnOptions options{k, 0.1, 4, false};
    const at::Tensor classes = KnnClassify(bank, labels, queries, options);
    ASSERT_EQ(classes.size(0), 700);
    for (int64_t i = 0; i < 700; i += 9) {
      EXPECT_EQ(classes[i].item<int64_t>(), Naive(bank, labels, queries[i], -1, options))
          << k << ' ' << i;
    }
  }
}

TEST(Knn, LeaveOneOutIsBlindToTheImageItself) {
  at::manual_seed(4);
  const at::Tensor bank = at::randn({600, 5});
  const at::Tensor labels = at::randint(3, {600}, at::kLong);
  const KnnOptions options{5, 0.1, 3, true};
  const at::Tensor classes = KnnClassify(bank, labels, bank, options);
  for (int64_t i = 0; i < 600; i += 7) {
    EXPECT_EQ(classes[i].item<int64_t>(), Naive(bank, labels, bank[i], i, options)) << i;
  }
  // With itself in the bank, one neighbour would always be right.
  const at::Tensor cheating = KnnClassify(bank, labels, bank, {1, 0.1, 3, false});
  EXPECT_TRUE(cheating.equal(labels));
}

// exp(cosine / 0.001) is not a float: every weight was infinite, and the first class always won.
TEST(Knn, ASmallTemperatureDoesNotOverflow) {
  at::manual_seed(6);
  const at::Tensor labels = at::arange(200, at::kLong).remainder(10);
  const at::Tensor centres = at::eye(10, 16);
  const at::Tensor bank = centres.index_select(0, labels) + at::randn({200, 16}) * 0.02;
  const at::Tensor queries = centres + at::randn({10, 16}) * 0.02;
  for (const double temperature : {0.001, 0.01, 0.1}) {
    const at::Tensor classes = KnnClassify(bank, labels, queries, {200, temperature, 10, false});
    EXPECT_TRUE(classes.equal(at::arange(10, at::kLong))) << temperature;
  }
}

TEST(Knn, FeaturesWhoseSquaresAreNoFloatsAreComparedAllTheSame) {
  at::manual_seed(7);
  const at::Tensor bank = at::randn({50, 8}), queries = at::randn({20, 8});
  const at::Tensor labels = at::randint(4, {50}, at::kLong);
  const KnnOptions options{5, 0.1, 4, false};
  const at::Tensor expected = KnnClassify(bank, labels, queries, options);
  for (const double scale : {1e25, 1e-25}) {
    EXPECT_TRUE(KnnClassify(bank * scale, labels, queries * scale, options).equal(expected))
        << scale;
  }
}

TEST(Knn, OfClassesWithAsManyVotesTheFirstIsTaken) {
  const at::Tensor bank = at::eye(2, 2), query = at::ones({1, 2});
  for (const auto& labels : {at::tensor({2, 1}, at::kLong), at::tensor({1, 2}, at::kLong)}) {
    EXPECT_EQ(KnnClassify(bank, labels, query, {2, 0.1, 3, false}).item<int64_t>(), 1);
  }
}

TEST(Knn, OneImageHasNoNeighbour) {
  const at::Tensor one = at::ones({1, 3}), label = at::zeros({1}, at::kLong);
  EXPECT_THROW(KnnClassify(one, label, one, {5, 0.1, 2, true}), DataError);
  EXPECT_EQ(KnnClassify(one, label, one, {5, 0.1, 2, false}).item<int64_t>(), 0);
}

TEST(Knn, TheNumberOfVotesIsThatOfTheImagesThatThereAre) {
  const Features bank{at::randn({7, 3}), at::zeros({7}, at::kLong)};
  EXPECT_EQ(KnnVotes(bank, {5, 0.1, 1, false}), 5);
  EXPECT_EQ(KnnVotes(bank, {200, 0.1, 1, false}), 7);
  EXPECT_EQ(KnnVotes(bank, {200, 0.1, 1, true}), 6) << "not the image itself";
}

}  // namespace
}  // namespace flowtrain
