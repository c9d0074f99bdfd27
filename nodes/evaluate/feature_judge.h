// What the nodes that judge features have in common.
#pragma once

#include "nodes/data/dataset.h"
#include "nodes/device/device.h"
#include "nodes/evaluate/feature_table.h"
#include "nodes/run/run_dir.h"

namespace flowtrain {

// Uses "dataset", "device" and "run_dir", which each node type declares itself.
class FeatureJudge : public FeatureSink {
 public:
  void Open(const OpenContext& context) override;

 protected:
  const ImageDataset& dataset() const { return *dataset_; }
  RunDir& run_dir() { return *run_dir_; }
  // SplitByList, with its result on the device.
  BankAndQueries Split(const FeatureTable& table, const Evaluation& evaluation) const;

 private:
  const ImageDataset* dataset_ = nullptr;
  const Device* device_ = nullptr;
  RunDir* run_dir_ = nullptr;
};

}  // namespace flowtrain
