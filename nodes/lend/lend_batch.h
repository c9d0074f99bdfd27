// Gathers samples into batches that leave the graph.
#pragma once

#include <cstdint>
#include <memory>

#include "nodes/augment/batch_views.h"
#include "pipeline/node/node.h"

namespace flowtrain {

class Consumer;
class RunControl;

// Hands each batch to the graph's consumer in the buffer that it was made in. The consumer keeps the
// buffer, and the batch's slot goes on with another; with none free the graph waits.
//
// Input   rows     sample  its views are in the sample's row of its batch.
// Memory  per batch slot: a buffer of batch_size times the views of an image, each of size^2 x 3
//         bytes, and room for 2 or 4 times that for normalised values. Bytes that no node writes
//         take no memory unless the buffers are page-locked.
// Threads the device lane, which has nothing else to do in such a graph.
// Errors  Open: ConfigError where the consumer takes normalised values and the node before makes
//         none, and where `views` and `recipes` contradict each other.
//
// Example:
//   lend: {type: LendBatch, in: rows, options: {batch_size: 128, image_size: 96}}
class LendBatch final : public CollateNode {
 public:
  static void Declare(NodeSpec& spec);
  BatchLayout Layout() const override { return views_.Layout(); }
  void Open(const OpenContext& context) override;
  std::shared_ptr<uint8_t> Allocate(size_t bytes) override;
  void Process(Batch& batch) override;

 private:
  BatchViews views_;  // options
  Consumer* consumer_ = nullptr;
  RunControl* run_ = nullptr;
};

}  // namespace flowtrain
