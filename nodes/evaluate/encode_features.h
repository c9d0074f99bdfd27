// From images to features.
#pragma once

#include "nodes/evaluate/encode_in_parts.h"
#include "nodes/evaluate/frozen_backbone.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// Runs each batch through the frozen backbone; in smaller parts once the device has too little
// memory.
//
// Input   batches   batch  with a StagedBatch payload of one view.
// Output  features  step   with a FeaturePayload: one row per image; rows that stand for no
//                          image are left out.
// Memory  the features of a batch on the device.
// Threads the device lane.
//
// Example:
//   encode: {type: EncodeFeatures, in: batches, out: features}
class EncodeFeatures final : public WindowNode {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
  std::unique_ptr<Payload> NewPayload() override;
  void Process(Batch& batch, Step& step) override;

 private:
  FrozenBackbone* backbone_ = nullptr;
  EncodeInParts encode_;
};

}  // namespace flowtrain
