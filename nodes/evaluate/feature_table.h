// The features of many images: what travels from the backbone to the nodes that judge them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "nodes/data/image_set.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// Features with the classes of their images.
struct Features {
  at::Tensor features;      // float [N, D]
  at::Tensor labels;        // int64 [N], on the same device
  uint64_t unreadable = 0;  // images left out
};

// On the host; the rows are images.
struct FeatureTable {
  at::Tensor features;  // float [N, D]
  at::Tensor labels;    // int64 [N]; -1 where there is none
  at::Tensor ids;       // int64 [N]: of the source
};

// The payload of a step: the features of a batch, without rows that stand for no image.
struct FeaturePayload : Payload {
  FeatureTable table;
};

// A node that wants the features of all images at once. It takes steps with a FeaturePayload and
// calls Finish after the last; not where the run was stopped before, for no figure is better than
// one of a part.
class FeatureSink : public StepNode {
 public:
  void Open(const OpenContext& context) override { run_ = &context.run(); }
  void Process(Step& step) override;
  // Throws DataError where not one image could be read.
  void Flush() override;

 protected:
  virtual void Finish(const FeatureTable& table) = 0;

 private:
  RunControl* run_ = nullptr;
  std::vector<FeatureTable> parts_;
};

// The bank and the queries of an evaluation whose images have the ids that OrderedSource gives
// them; twice the same where they are one list.
struct BankAndQueries {
  Features bank, queries;
};
BankAndQueries SplitByList(const FeatureTable& table, const Evaluation& evaluation);

}  // namespace flowtrain
