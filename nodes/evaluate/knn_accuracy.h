// The kNN accuracy of a backbone that has been trained.
#pragma once

#include "nodes/evaluate/feature_judge.h"
#include "nodes/evaluate/knn.h"

namespace flowtrain {

// Classifies the queries by their nearest neighbours in the bank (KnnClassify), logs the share that
// is right and writes it to metrics.jsonl; with `pictures` also embedding.json (WriteEmbeddingFile).
//
// Input   features  step  with FeaturePayloads of OrderedSource's labelled images.
// Output  judged    step  the same.
// Memory  the features of all images.
// Threads the device lane.
//
// Example:
//   knn: {type: KnnAccuracy, in: features, options: {neighbours: 200, temperature: 0.1}}
class KnnAccuracy final : public FeatureJudge {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;

 private:
  void Finish(const FeatureTable& table) override;

  KnnOptions knn_;  // options
  bool pictures_ = true;
  std::string neighbours_name_;
};

}  // namespace flowtrain
