// The augmentation node.
#pragma once

#include <vector>

#include "nodes/augment/view_maker.h"
#include "nodes/augment/view_params.h"
#include "pipeline/node.h"

namespace flowtrain {

// Makes the two SimCLR views of a decoded image.
//
// Input   images  sample  uint8 HWC RGB, any size from 1x1.
// Output  rows    sample  both views written to the sample's row of its batch, uint8 HWC, size x
// size. Memory  the scratch of a resize a worker. Threads any number.
//
// Example:
//   augment: {type: DualViewAugment, in: images, out: rows, workers: ${data.num_workers}, options:
//   {size: 96}}
class DualViewAugment final : public SampleNode {
 public:
  static void Declare(NodeSpec& spec);
  // Throws ConfigError where a view does not fit a row of the batch, and for ranges that are no
  // ranges.
  void Open(const OpenContext& context) override;
  Outcome Process(Sample& sample, Worker& worker) override;

 private:
  int size_ = 96;
  AugmentOptions augment_;
  std::vector<double> crop_scale_, crop_ratio_, blur_sigma_;
  double flip_ = 0, jitter_ = 0, brightness_ = 0, contrast_ = 0, saturation_ = 0, hue_ = 0,
         grey_ = 0, blur_ = 0;
  int blur_kernel_ = 9;

  std::vector<ViewMaker> makers_;  // one a worker
};

}  // namespace flowtrain
