// A linear classifier that is chosen, trained and judged on the features of labelled images.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "nodes/evaluate/feature_table.h"
#include "nodes/evaluate/linear_classifier.h"
#include "pipeline/node/options.h"

namespace flowtrain {

struct ProbeOptions {
  LinearOptions linear;  // learning_rate and weight_decay are chosen
  std::vector<double> learning_rates = {0.01, 0.03, 0.1}, weight_decays = {0, 1e-3, 1e-2};
  // What messages call them.
  std::string learning_rates_name = "learning_rates", weight_decays_name = "weight_decays";
};

struct ProbeResult {
  LinearOptions options;      // with what was chosen
  at::Tensor logits;          // [Q, C] of the queries
  double top1 = 0, top5 = 0;  // share of the queries, 0 to 1
};

// Trains a classifier on the bank and judges it on the queries (TrainLinear). Of the learning rates
// and weight decays it takes those that do best on a tenth of the bank, held out; the classifier is
// then trained anew on the whole bank. Throws DataError where too few images can be held out, or
// where every classifier diverges.
ProbeResult ProbeFeatures(const Features& bank, const Features& queries,
                          const ProbeOptions& options);

// Every `nth` image of each class apart from the others, both in their order. Throws DataError if
// either part would be empty.
struct HeldOut {
  Features kept, held;
};
HeldOut HoldOut(const Features& features, int64_t nth);

// A fifth of each class, to judge where a data set has no split.
HeldOut HoldOutToJudge(const Features& features);

}  // namespace flowtrain
