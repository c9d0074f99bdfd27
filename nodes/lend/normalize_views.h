// Views as the floating-point values that a network takes.
#pragma once

#include "nodes/image/simd/normalize.h"
#include "nodes/lend/view_format.h"
#include "pipeline/node/node.h"

namespace flowtrain {

class Consumer;

// Makes the values that the graph's consumer asks for of the views that are written to the sample's
// row, on the worker whose caches they are in: (byte / 255 - mean) / std. Does nothing where it takes
// the bytes themselves. A DualViewAugment right before it is told to make the values itself, so that
// they go to memory while a view is made; the time then counts as that node's.
//
// Input   rows    sample  its views are in its row of the batch, uint8 [H, W, 3].
// Output  values  sample  their values in the batch's buffer.
// Threads any number.
//
// Example:
//   normalize: {type: NormalizeViews, in: rows, out: values, workers: 4}
class NormalizeViews final : public SampleNode {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
  Outcome Process(Sample& sample, Worker& worker) override;

  // For the node that gathers the rows. Throws ConfigError where the consumer takes values and the
  // node before makes none, since what another one did to the bytes would be lost, and where that
  // makes them for another consumer.
  static void CheckIsBefore(const OpenContext& context, const Consumer& consumer);

 private:
  simd::ImageValues PlaceOf(const Batch& batch, int view, int row) const;

  const Consumer* consumer_ = nullptr;
  ViewFormat format_;
  bool made_before_ = false;
  simd::Normalization by_;
};

}  // namespace flowtrain
