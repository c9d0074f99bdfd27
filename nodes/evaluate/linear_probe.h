// The linear probe of a trained backbone.
#pragma once

#include <string>
#include <vector>

#include "nodes/evaluate/confusion.h"
#include "nodes/evaluate/feature_judge.h"
#include "nodes/evaluate/probe_features.h"

namespace flowtrain {

// Trains a linear classifier on the features of the bank and judges it on the queries
// (ProbeFeatures: SGD with momentum, cosine, frozen features of centre views, no augmentation). If
// the data set has no split, a fifth of each class is held out for judging.
//
// Logs top-1 and top-5 and writes them to metrics.jsonl; the confusion of the classes goes to the
// log as a table, to RUN_DIR/confusion.png, and with the classes' names to RUN_DIR/confusion.json.
//
// Input   features  step  with FeaturePayloads of OrderedSource's labelled images.
// Output  judged    step  the same.
// Memory  the features of all images; on the device, twice those of the bank.
// Threads the device lane.
//
// Example:
//   probe: {type: LinearProbe, in: features, options: {epochs: 100, learning_rates: [0.01, 0.1]}}
class LinearProbe final : public FeatureJudge {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;

 private:
  void Finish(const FeatureTable& table) override;
  void Report(const Features& bank, const Features& queries, int64_t left_out,
              const ProbeResult& result);
  Confusion Confuse(const at::Tensor& labels, const at::Tensor& guesses) const;

  LinearOptions linear_;  // options
  std::vector<double> learning_rates_, weight_decays_;
  std::string learning_rates_name_, weight_decays_name_;  // in messages
};

}  // namespace flowtrain
