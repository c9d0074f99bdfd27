#include "nodes/evaluate/knn.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <vector>

namespace flowtrain {
namespace {

constexpr int64_t kQueriesAtATime = 512;  // bounds the matrix of similarities

at::Tensor Unit(const at::Tensor& features) {
  return features.div(features.norm(2, 1, true).clamp_min(1e-12));
}

}  // namespace

void KnnOptions::Declare(OptionsOf<KnnOptions>& options) {
  options
      .Option(&KnnOptions::neighbours, "neighbours", "That vote, at most the bank's size.",
              AtLeast{1})
      .Option(&KnnOptions::temperature, "temperature", "Of the votes' weights exp(cosine / T).",
              AtLeast{1e-3});
}

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

double KnnTop1(const Features& bank, const Features& queries, const KnnOptions& options) {
  const at::Tensor classes = KnnClassify(bank.features, bank.labels, queries.features, options);
  return classes.eq(queries.labels).to(at::kDouble).mean().item<double>();
}

std::string DescribeKnn(const Features& bank, const Features& queries, const KnnOptions& options) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), " (k=%lld, T=%g; %lld bank images, %lld queries%s)",
                static_cast<long long>(std::min(options.neighbours, bank.labels.size(0))),
                options.temperature, static_cast<long long>(bank.labels.size(0)),
                static_cast<long long>(queries.labels.size(0)),
                options.leave_one_out ? ", leave one out" : "");
  return text.data();
}

}  // namespace flowtrain
