#include "nodes/evaluate/knn.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace flowtrain {
namespace {

constexpr int64_t kQueriesAtATime = 512;  // bounds the matrix of similarities

at::Tensor Unit(const at::Tensor& features) {
  return features.div(features.norm(2, 1, true).clamp_min(1e-12));
}

}  // namespace

at::Tensor KnnClassify(const at::Tensor& bank, const at::Tensor& labels, const at::Tensor& queries,
                       const KnnOptions& options) {
  const at::Tensor unit_bank = Unit(bank), unit_queries = Unit(queries);
  const int64_t usable = bank.size(0) - (options.leave_one_out ? 1 : 0);
  const int64_t k = std::min(options.neighbours, usable);
  std::vector<at::Tensor> classes;
  for (int64_t start = 0; start < queries.size(0); start += kQueriesAtATime) {
    const int64_t count = std::min(kQueriesAtATime, queries.size(0) - start);
    at::Tensor cosine = at::mm(unit_queries.narrow(0, start, count), unit_bank.t());
    if (options.leave_one_out) {
      cosine.diagonal(start).fill_(-std::numeric_limits<float>::infinity());
    }
    const auto [nearest, index] = cosine.topk(k, 1);
    const at::Tensor weight = nearest.div(options.temperature).exp();
    const at::Tensor votes = at::zeros({count, options.classes}, weight.options());
    classes.push_back(
        votes.scatter_add(1, labels.index_select(0, index.flatten()).view_as(index), weight)
            .argmax(1));
  }
  return at::cat(classes);
}

}  // namespace flowtrain
