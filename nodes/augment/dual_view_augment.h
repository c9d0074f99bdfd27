// The augmentation of contrastive learning.
#pragma once

#include <cstdint>
#include <vector>

#include "nodes/augment/make_view.h"
#include "nodes/augment/view_params.h"
#include "pipeline/node.h"

namespace flowtrain {

// Makes the two SimCLR views of a decoded image: random resized crop, flip, colour jitter,
// greyscale, Gaussian blur. What is drawn depends on seed, epoch, image id and view alone.
//
// Input   images  sample  uint8 HWC RGB, any size from 1x1.
// Output  rows    sample  both views written to the sample's row of its batch, uint8 HWC RGB,
//                         size x size.
// Memory  a worker: the crop with resized columns, and a float copy of a view.
// Threads any number; one Worker a thread.
// Errors  Open: ConfigError when an option is wrong or the batch's rows have another size.
//
// Example:
//   augment: {type: DualViewAugment, in: images, out: rows, workers: 4, options: {size: 96}}
class DualViewAugment final : public SampleNode {
 public:
  static void Declare(NodeSpec& spec);

  void Open(const OpenContext& context) override;
  Outcome Process(Sample& sample, Worker& worker) override;

 private:
  AugmentOptions CheckedOptions(const std::string& node) const;

  // Options as the graph gives them.
  int size_ = 0;
  std::vector<double> crop_scale_, crop_ratio_, blur_sigma_;
  double flip_ = 0, jitter_ = 0, brightness_ = 0, contrast_ = 0, saturation_ = 0, hue_ = 0;
  double grey_ = 0, blur_ = 0;
  int blur_kernel_ = 0;

  AugmentOptions options_;
  std::vector<ViewScratch> scratch_;  // a worker
};

}  // namespace flowtrain
