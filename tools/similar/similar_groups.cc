#include "tools/similar/similar_groups.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <map>

#include "nodes/check/joined.h"
#include "nodes/evaluate/knn.h"

namespace flowtrain {
namespace {

constexpr int64_t kFewestRows = 3;       // the differences of two from their mean are opposite
constexpr double kShrinkage = 0.1;       // docs/measurements/duplicates.md
constexpr double kRounding = 1e-5;       // of a product: that of equal rows may be below 1
constexpr double kLeastVariance = 1e-8;  // of the mean square: less is the error of float numbers

int64_t CountRows(const std::vector<Representations>& parts) {
  int64_t rows = 0;
  for (const Representations& part : parts) rows += part.rows.size(0);
  return rows;
}

at::Tensor MeanOf(const std::vector<Representations>& parts, int64_t rows) {
  const at::Tensor sum = at::zeros({parts.front().rows.size(1)}, at::kDouble);
  for (const Representations& part : parts) sum.add_(part.rows.sum(0, false, at::kDouble));
  return sum.div(rows);
}

at::Tensor CovarianceOf(const std::vector<Representations>& parts, const at::Tensor& mean,
                        int64_t rows) {
  const at::Tensor sum = at::zeros({mean.size(0), mean.size(0)}, at::kDouble);
  for (const Representations& part : parts) {
    const at::Tensor centred = part.rows.sub(mean.to(at::kFloat));
    sum.add_(centred.t().mm(centred));
  }
  return sum.div(rows);
}

// Images that were found to be alike, pair by pair.
class Links {
 public:
  explicit Links(const std::vector<Representations>& parts) : joined_(CountRows(parts)) {
    for (const Representations& part : parts) {
      places_.insert(places_.end(), part.places.begin(), part.places.end());
    }
    nearest_.resize(places_.size());
  }

  // The pairs of rows from `first` and `second` on whose products reach the threshold.
  void Add(const at::Tensor& products, double threshold, size_t first, size_t second) {
    const at::Tensor found = products.ge(threshold - kRounding);
    const at::Tensor pairs = found.nonzero().cpu();
    const at::Tensor values = products.masked_select(found).cpu();
    const auto pair = pairs.accessor<int64_t, 2>();
    const auto value = values.accessor<float, 1>();
    for (int64_t i = 0; i < value.size(0); ++i) {
      const size_t one = first + static_cast<size_t>(pair[i][0]);
      const size_t two = second + static_cast<size_t>(pair[i][1]);
      joined_.Join(one, two);
      for (const size_t row : {one, two}) nearest_[row] = std::max(nearest_[row], value[i]);
    }
  }

  std::vector<SimilarGroup> Groups() {
    std::map<size_t, SimilarGroup> by_root;
    for (size_t row = 0; row < places_.size(); ++row) {
      if (nearest_[row] == 0) continue;
      SimilarGroup& group =
          by_root.try_emplace(joined_.Root(row), SimilarGroup{{}, 1}).first->second;
      group.images.push_back(places_[row]);
      group.similarity = std::min(group.similarity, static_cast<double>(nearest_[row]));
    }
    std::vector<SimilarGroup> groups;
    for (auto& [root, group] : by_root) groups.push_back(std::move(group));
    std::stable_sort(groups.begin(), groups.end(), [](const auto& one, const auto& two) {
      return one.similarity > two.similarity;
    });
    return groups;
  }

 private:
  Joined joined_;
  std::vector<uint64_t> places_;  // of the rows
  std::vector<float> nearest_;    // each row's largest product; 0: none reached the threshold
};

}  // namespace

bool Whiten(std::vector<Representations>& parts) {
  const int64_t rows = CountRows(parts);
  if (rows < kFewestRows) return false;
  const at::Tensor mean = MeanOf(parts, rows);
  const at::Tensor covariance = CovarianceOf(parts, mean, rows);
  const auto variance = covariance.trace().item<double>();
  const auto mean_square = mean.square().sum().item<double>() + variance;
  if (!(variance > kLeastVariance * mean_square)) return false;
  // So many eigenvalues are not 0.
  const auto rank = static_cast<double>(std::min(rows - 1, mean.size(0)));
  covariance.diagonal().add_(kShrinkage * variance / rank);
  const at::Tensor unit = at::eye(mean.size(0), at::kDouble);
  const at::Tensor root = at::linalg_cholesky(covariance);
  const at::Tensor inverse = at::linalg_solve_triangular(root, unit, /*upper=*/false);
  const at::Tensor whitening = inverse.t().to(at::kFloat);
  for (Representations& part : parts) {
    part.rows = UnitRows(part.rows.sub(mean.to(at::kFloat)).mm(whitening));
  }
  return true;
}

std::vector<SimilarGroup> SimilarGroups(
    const std::vector<Representations>& parts, double threshold, c10::Device device,
    const std::function<bool()>& stop,
    const std::function<void(uint64_t done, uint64_t rows)>& progress) {
  Links links(parts);
  const auto rows = static_cast<uint64_t>(CountRows(parts));
  size_t first = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const at::Tensor one = parts[i].rows.to(device);
    links.Add(one.mm(one.t()).triu(1), threshold, first, first);  // each pair once
    size_t second = first;
    for (size_t j = i + 1; j < parts.size(); ++j) {
      if (stop()) return links.Groups();
      second += parts[j - 1].places.size();
      links.Add(one.mm(parts[j].rows.to(device).t()), threshold, first, second);
    }
    first += parts[i].places.size();
    progress(first, rows);
  }
  return links.Groups();
}

}  // namespace flowtrain
