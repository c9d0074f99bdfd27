// The features of many images, which travel from the backbone to the nodes that judge them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "nodes/data/bad_images.h"
#include "nodes/data/image_set.h"
#include "pipeline/node/node.h"

namespace flowtrain {

class RankGroup;

// Features with the classes of their images.
struct Features {
  at::Tensor features;  // float [N, D]
  at::Tensor labels;    // int64 [N], on the same device
  std::vector<BadImage> bad =
      {};                 // images left out, by their index; known to ComputeFeatures alone
  at::Tensor index = {};  // int64 [N], on the host: of each image in its list
};

// On the host; one row per image.
struct FeatureTable {
  at::Tensor features;  // float [N, D]
  at::Tensor labels;    // int64 [N]; -1 where there is none
  at::Tensor ids;       // int64 [N]: the source's
};

// The payload of a step: the features of a batch, without rows that stand for no image.
struct FeaturePayload : Payload {
  FeatureTable table;
};

// A node that needs the features of all images at once. It takes steps with a FeaturePayload and
// calls Finish after the last one. It does not if the run was stopped early: no figure is better
// than the figure of a part of the images. All features that Finish is given are finite. Of several
// ranks, each of which has the features of its own images, rank 0 is given all of them; a node type
// declares that it may use "ranks".
class FeatureSink : public StepNode {
 public:
  void Open(const OpenContext& context) override;
  void Process(Step& step) override;
  // Throws DataError if not one image could be read, or if a feature is not finite.
  void Flush() override;

 protected:
  virtual void Finish(const FeatureTable& table) = 0;

 private:
  FeatureTable JoinParts();

  RunControl* run_ = nullptr;
  RankGroup* ranks_ = nullptr;  // null: there is one rank
  std::vector<FeatureTable> parts_;
};

// Whether no value is infinite or NaN. Waits for the device.
bool AllFinite(const at::Tensor& tensor);

// The bank and the queries of an evaluation whose images have the ids that OrderedSource gives
// them; both are the same where there is only one list. Throws DataError if either is empty, or for
// ids that are not the evaluation's.
struct BankAndQueries {
  Features bank, queries;
  int64_t left_out = 0;  // images of both
};
BankAndQueries SplitByList(const FeatureTable& table, const Evaluation& evaluation);

}  // namespace flowtrain
