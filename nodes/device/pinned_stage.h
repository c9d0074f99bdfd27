// Gathers augmented samples into batches and copies them to the device.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Stream.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include "nodes/device/device.h"
#include "nodes/device/staged_batch.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// Input   rows     sample  its views are in the sample's row of its batch.
// Output  batches  batch   with a StagedBatch payload: uint8 [views x B, H, W, 3] on the device.
// Memory  a buffer of views x batch_size x image_size^2 x 3 bytes per batch slot, page-locked on a
//         GPU.
// Threads the device lane; copies run on a stream of their own, ahead of the computation.
//
// Example:
//   stage: {type: PinnedStage, in: rows, out: batches, options: {batch_size: 128, image_size: 96}}
class PinnedStage final : public CollateNode {
 public:
  static void Declare(NodeSpec& spec);
  BatchLayout Layout() const override;
  void Open(const OpenContext& context) override;
  std::shared_ptr<uint8_t> Allocate(size_t bytes) override;
  void Start() override;
  void Process(Batch& batch) override;
  void Close() noexcept override;

 private:
  void TryCopy(StagedBatch& staged) const;
  at::Tensor HostView(const Batch& batch) const;

  int batch_size_ = 0, image_size_ = 0, views_ = 2;  // options
  bool pin_memory_ = true;  // false, too, once no more memory can be page-locked

  const Device* device_ = nullptr;
  std::unordered_map<const uint8_t*, at::Tensor> pinned_;  // the owner of each page-locked buffer
  std::optional<c10::Stream> copies_;
};

}  // namespace flowtrain
