// k nearest neighbours on frozen features.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "nodes/evaluate/feature_table.h"
#include "pipeline/node/options.h"

namespace flowtrain {

struct KnnOptions {
  int64_t neighbours = 200;  // at most the bank's size
  double temperature = 0.1;
  int64_t classes = 0;
  bool leave_one_out = false;  // the queries are the bank; no image is its own neighbour

  static void Declare(OptionsOf<KnnOptions>& options);  // neighbours and temperature
};

// The rows of a float matrix with length 1 each; zeros stay zeros.
at::Tensor UnitRows(const at::Tensor& features);

// The class of each query, int64 [Q]: each of the query's nearest bank features by cosine votes for
// its own class with weight exp(cosine / temperature) (Wu et al., "Unsupervised Feature Learning
// via Non-Parametric Instance Discrimination", CVPR 2018, section 3.4); of classes with the same
// sum the first one is taken. `bank` [N, D] and `queries` [Q, D] are finite floats of any norm;
// `labels` is int64 [N]. Throws DataError if there is no neighbour at all.
at::Tensor KnnClassify(const at::Tensor& bank, const at::Tensor& labels, const at::Tensor& queries,
                       const KnnOptions& options);

// The bank's images that vote on a query: options.neighbours, or all if there are fewer.
int64_t KnnVotes(const Features& bank, const KnnOptions& options);

// The share of the queries to which KnnClassify gives their own class, 0 to 1.
double KnnTop1(const Features& bank, const Features& queries, const KnnOptions& options);

// How the accuracy was measured, for a log line: " (k=200, T=0.1; 500 bank images, 300 queries)".
std::string DescribeKnn(const Features& bank, const Features& queries, const KnnOptions& options);

// Warns of what makes that accuracy say little: fewer neighbours than options.neighbours, which
// messages call `name`, and the Caveats.
void WarnOfKnnCaveats(const Features& bank, const Features& queries, const KnnOptions& options,
                      const std::vector<std::string>& classes, const std::string& name);

}  // namespace flowtrain
