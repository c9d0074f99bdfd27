// Embeddings for other programs.
#pragma once

#include "nodes/data/dataset.h"
#include "nodes/evaluate/feature_table.h"
#include "nodes/run/run_dir.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// Writes the features of all images to the run directory:
//   embeddings.npy  float32 [N, D]
//   embeddings.csv  name,label,class: one line per image, in the same order; label and class are
//                   empty where there is none
// Images that could not be read are in neither.
//
// Input   features  step  with FeaturePayloads of OrderedSource's `all`.
// Output  written   step  the same.
// Memory  the features of all images.
// Threads the device lane.
//
// Example:
//   write: {type: WriteEmbeddings, in: features}
class WriteEmbeddings final : public FeatureSink {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;

 private:
  void Finish(const FeatureTable& table) override;

  ImageDataset* dataset_ = nullptr;
  RunDir* run_dir_ = nullptr;
};

}  // namespace flowtrain
