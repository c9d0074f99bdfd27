// Gathers augmented samples into batches and leaves them in the host's memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "nodes/augment/batch_views.h"
#include "pipeline/node/node.h"

namespace flowtrain {

class Consumer;

// Takes the place of PinnedStage without a device, and of LendBatch without a program that takes
// the batches: the end of the loader's graph when the loader alone is measured.
//
// Input   rows     sample  its views are in the sample's row of its batch.
// Output  batches  batch   without a payload. No node need take them.
// Memory  per batch slot: as the stage in whose place it stands, in ordinary memory.
// Threads the device lane.
// Errors  Open: as LendBatch.
//
// Example:
//   stage: {type: HostStage, in: rows, options: {batch_size: 128, image_size: 96}}
class HostStage final : public CollateNode {
 public:
  static void Declare(NodeSpec& spec);
  BatchLayout Layout() const override { return views_.Layout(); }
  void Open(const OpenContext& context) override;
  std::shared_ptr<uint8_t> Allocate(size_t bytes) override;
  void Start() override { started_.store(true, std::memory_order_release); }
  void Process(Batch&) override {}

  std::vector<int> view_sides() const;  // of each view, pixels
  // Whether the run has begun: from then on the graph's figures can be read. Thread-safe.
  bool started() const { return started_.load(std::memory_order_acquire); }

 private:
  BatchViews views_;                    // options
  const Consumer* consumer_ = nullptr;  // null: nobody asks for normalised values
  std::atomic<bool> started_{false};
};

}  // namespace flowtrain
