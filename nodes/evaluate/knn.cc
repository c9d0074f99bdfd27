#include "nodes/evaluate/knn.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <vector>

#include "nodes/evaluate/caveats.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"

namespace flowtrain {
namespace {

constexpr int64_t kQueriesAtATime = 512;  // bounds the matrix of similarities

constexpr double kLeastNorm = 1e-12;

int64_t Votes(int64_t bank, const KnnOptions& options) {
  return std::min(options.neighbours, bank - (options.leave_one_out ? 1 : 0));
}

}  // namespace

// The squares of very large and very small numbers are not floats any more: rows of them are divided
// in doubles.
at::Tensor UnitRows(const at::Tensor& features) {
  const at::Tensor norm = features.norm(2, 1, true);
  const at::Tensor unit = features.div(norm.clamp_min(kLeastNorm));
  const at::Tensor in_range = norm.ge(kLeastNorm).logical_and(at::isfinite(norm));
  if (in_range.all().item<bool>()) return unit;
  const at::Tensor wide = features.to(at::kDouble);
  const at::Tensor wide_unit = wide.div(wide.norm(2, 1, true).clamp_min(1e-300));
  return at::where(in_range, unit, wide_unit.to(features.scalar_type()));
}

void KnnOptions::Declare(OptionsOf<KnnOptions>& options) {
  options
      .Option(&KnnOptions::neighbours, "neighbours",
              "Images of the bank that vote on a query's class.", AtLeast{1})
      .Option(&KnnOptions::temperature, "temperature", "T in the votes' weights exp(cosine / T).",
              AtLeast{1e-3});
}

at::Tensor KnnClassify(const at::Tensor& bank, const at::Tensor& labels, const at::Tensor& queries,
                       const KnnOptions& options) {
  const at::Tensor unit_bank = UnitRows(bank), unit_queries = UnitRows(queries);
  const int64_t k = Votes(bank.size(0), options);
  if (k < 1) {
    throw DataError("a kNN accuracy needs at least two labelled images that can be read");
  }
  std::vector<at::Tensor> classes;
  for (int64_t start = 0; start < queries.size(0); start += kQueriesAtATime) {
    const int64_t count = std::min(kQueriesAtATime, queries.size(0) - start);
    at::Tensor cosine = at::mm(unit_queries.narrow(0, start, count), unit_bank.t());
    if (options.leave_one_out) {
      cosine.diagonal(start).fill_(-std::numeric_limits<float>::infinity());
    }
    const auto [nearest, index] = cosine.topk(k, 1);
    // Relative to the nearest one, whose weight is 1: exp(cosine / T) itself can overflow.
    const at::Tensor weight = nearest.sub(nearest.narrow(1, 0, 1)).div(options.temperature).exp();
    const at::Tensor votes = at::zeros({count, options.classes}, weight.options());
    classes.push_back(
        votes.scatter_add(1, labels.index_select(0, index.flatten()).view_as(index), weight)
            .argmax(1));
  }
  return at::cat(classes);
}

int64_t KnnVotes(const Features& bank, const KnnOptions& options) {
  return Votes(bank.labels.size(0), options);
}

double KnnTop1(const Features& bank, const Features& queries, const KnnOptions& options) {
  const at::Tensor classes = KnnClassify(bank.features, bank.labels, queries.features, options);
  return classes.eq(queries.labels).to(at::kDouble).mean().item<double>();
}

std::string DescribeKnn(const Features& bank, const Features& queries, const KnnOptions& options) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), " (k=%lld, T=%g; %lld bank images, %lld queries%s)",
                static_cast<long long>(KnnVotes(bank, options)), options.temperature,
                static_cast<long long>(bank.labels.size(0)),
                static_cast<long long>(queries.labels.size(0)),
                options.leave_one_out ? ", leave one out" : "");
  return text.data();
}

void WarnOfKnnCaveats(const Features& bank, const Features& queries, const KnnOptions& options,
                      const std::vector<std::string>& classes, const std::string& name) {
  if (const int64_t votes = KnnVotes(bank, options); votes < options.neighbours) {
    LogWarning(name + " is " + std::to_string(options.neighbours) + ", and the bank has only " +
               std::to_string(votes) + (options.leave_one_out ? " other" : "") +
               " images: all of them vote on every query");
  }
  WarnOfCaveats(bank.labels, queries.labels, classes, options.leave_one_out);
}

}  // namespace flowtrain
