// Brings an encoded image to RGB.
#pragma once

#include <vector>

#include "nodes/decode/rgb_image.h"
#include "pipeline/node.h"

namespace flowtrain {

class ImageDataset;

// Decodes an image of the data set.
//
// Input   ids     sample  encoded bytes.
// Output  images  sample  uint8 [height, width, 3] RGB, any size from 1x1.
// Memory  one image before it is turned upright, a worker; one image a sample slot.
// Threads any number; one Worker a thread.
//
// Example:
//   decode: {type: DecodeImage, in: ids, out: images, workers: ${data.num_workers}}
class DecodeImage final : public SampleNode {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
  Outcome Process(Sample& sample, Worker& worker) override;

 private:
  const ImageDataset* dataset_ = nullptr;
  std::vector<DecodeScratch> scratch_;  // of each worker
};

}  // namespace flowtrain
