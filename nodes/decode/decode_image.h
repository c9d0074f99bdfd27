// The decode node.
#pragma once

#include <vector>

#include "nodes/decode/rgb_image.h"
#include "nodes/source/dataset.h"
#include "pipeline/node.h"

namespace flowtrain {

// Decodes an image to RGB. One that cannot be decoded whole is a bad sample.
//
// Input   ids     sample  encoded bytes.
// Output  images  sample  uint8 [height, width, 3] RGB, any size from 1x1.
// Memory  the decoded image, in the sample's slot.
// Threads any number.
//
// Example:
//   decode: {type: DecodeImage, in: ids, out: images, workers: ${data.num_workers}}
class DecodeImage final : public SampleNode {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
  Outcome Process(Sample& sample, Worker& worker) override;

 private:
  Encoding encoding_ = Encoding::kFile;
  std::vector<RgbImage> images_;  // one a worker; the memory is exchanged with the sample's
};

}  // namespace flowtrain
