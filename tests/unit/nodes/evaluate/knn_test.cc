#include "nodes/evaluate/knn.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

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

}  // namespace
}  // namespace flowtrain
