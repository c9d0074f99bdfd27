// Gathers augmented samples into batches and leaves them in the host's memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "pipeline/node/node.h"

namespace flowtrain {

// Takes the place of PinnedStage without a device: the end of the loader's graph when the loader
// alone is measured.
//
// Input   rows     sample  its views are in the sample's row of its batch.
// Output  batches  batch   without a payload. No node need take them.
// Memory  per batch slot: a buffer of views x batch_size x image_size^2 x 3 bytes.
// Threads the device lane.
//
// Example:
//   stage: {type: HostStage, in: rows, options: {batch_size: 128, image_size: 96}}
class HostStage final : public CollateNode {
 public:
  static void Declare(NodeSpec& spec);
  BatchLayout Layout() const override;
  std::shared_ptr<uint8_t> Allocate(size_t bytes) override;
  void Start() override { started_.store(true, std::memory_order_release); }
  void Process(Batch&) override {}

  int image_size() const { return image_size_; }  // side of a view, pixels
  // Whether the run has begun: from then on the graph's figures can be read. Thread-safe.
  bool started() const { return started_.load(std::memory_order_acquire); }

 private:
  int batch_size_ = 0, image_size_ = 0, views_ = 2;  // options
  std::atomic<bool> started_{false};
};

}  // namespace flowtrain
