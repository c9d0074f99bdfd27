// Brings an encoded image to RGB.
#pragma once

#include <string>
#include <vector>

#include "nodes/decode/rgb_image.h"
#include "nodes/source/encoded_image.h"
#include "pipeline/node.h"

namespace flowtrain {

class ImageDataset;

// Decodes by what the bytes are, not by the file's name. JPEG (greyscale, YCbCr, CMYK, YCCK; turned
// upright as its EXIF orientation says) goes through libjpeg; other files through OpenCV, where its
// plug-in is installed. Greyscale, palette and 16-bit images come out as RGB of 8 bits, alpha is
// dropped. False: `why` says what is wrong with the image; damaged or cut-off data is never passed
// on as grey pixels. Throws nothing but std::bad_alloc.
bool DecodeToRgb(const EncodedImage& image, DecodeScratch& scratch, RgbImage& out,
                 std::string* why);

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
