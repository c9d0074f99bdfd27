#include "nodes/evaluate/feature_judge.h"

namespace flowtrain {

void FeatureJudge::Open(const OpenContext& context) {
  FeatureSink::Open(context);
  dataset_ = &context.Get<ImageDataset>("dataset");
  device_ = &context.Get<Device>("device");
  run_dir_ = &context.Get<RunDir>("run_dir");
}

BankAndQueries FeatureJudge::Split(const FeatureTable& table, const Evaluation& evaluation) const {
  BankAndQueries split = SplitByList(table, evaluation);
  for (Features* part : {&split.bank, &split.queries}) {
    part->features = part->features.to(device_->device());
    part->labels = part->labels.to(device_->device());
  }
  return split;
}

}  // namespace flowtrain
