// The evaluation view as a node.
#pragma once

#include "pipeline/node/node.h"

namespace flowtrain {

// Writes the central view of a decoded image (CenterView) to the first view of the sample's row.
//
// Input   images  sample  uint8 [height, width, 3] RGB, whole, any size from 1x1.
// Output  rows    sample  one view in the sample's row of its batch, uint8 [size, size, 3].
// Memory  scratch in each call.
// Threads any number.
//
// Example:
//   view: {type: CenterCrop, in: images, out: rows, workers: 6}
class CenterCrop final : public SampleNode {
 public:
  static void Declare(NodeSpec& spec);
  // Throws ConfigError where a row of the batch is not one view of this size.
  void Open(const OpenContext& context) override;
  Outcome Process(Sample& sample, Worker& worker) override;

 private:
  int size_ = 0;  // option
};

}  // namespace flowtrain
