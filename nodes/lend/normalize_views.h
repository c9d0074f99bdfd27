// Views as the floating-point values that a network takes.
#pragma once

#include "nodes/image/simd/normalize.h"
#include "nodes/lend/view_format.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// Makes the values that the graph's consumer asks for of the views that are written to the sample's
// row, on the worker whose caches they are in: (byte / 255 - mean) / std. Does nothing where it takes
// the bytes themselves.
//
// Input   rows    sample  its views are in its row of the batch, uint8 [H, W, 3].
// Output  values  sample  the same, and their values after them.
// Threads any number.
//
// Example:
//   normalize: {type: NormalizeViews, in: rows, out: values, workers: 4}
class NormalizeViews final : public SampleNode {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
  Outcome Process(Sample& sample, Worker& worker) override;

 private:
  ViewFormat format_;
  simd::Normalization by_;
};

}  // namespace flowtrain
