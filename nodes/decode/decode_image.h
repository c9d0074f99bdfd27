// Brings an encoded image to RGB.
#pragma once

#include <deque>
#include <string>

#include "nodes/decode/decode_scratch.h"
#include "nodes/image/encoded_image.h"
#include "nodes/image/shrink_image.h"
#include "pipeline/node/node.h"

namespace flowtrain {

class DecodedCache;
class ViewRecipe;
struct ImageSample;

// Decodes an image of the data set; where it knows the recipe of the views, only what they need.
//
// Input   ids     sample  encoded bytes.
// Output  images  sample  uint8 [height, width, 3] RGB, any size from 1x1; a part of the image, or
//                         a reduced one, where that is all the views need.
// Memory  per worker: one image before it is turned upright; per sample slot: one image.
// Threads any number; one Worker per thread.
//
// Example:
//   decode: {type: DecodeImage, in: ids, out: images, workers: ${data.num_workers},
//            uses: {views: views}, options: {max_pixels: ${data.max_pixels}}}
class DecodeImage final : public SampleNode {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
  Outcome Process(Sample& sample, Worker& worker) override;

 private:
  // Of one worker; on cache lines of its own.
  struct alignas(64) WorkerScratch {
    DecodeScratch decode;
    ImageShrinker shrinker;
  };

  // Whether the image's planes go on as they are: the fused augmentation reads them in place.
  bool PassesPlanes(const EncodedImage& image) const;
  bool Decode(const Sample& sample, ImageSample& image, WorkerScratch& scratch,
              std::string* why) const;
  bool DecodeForCache(const Sample& sample, ImageSample& image, WorkerScratch& scratch,
                      std::string* why) const;

  int64_t max_pixels_ = kMaxImagePixels;
  const ViewRecipe* recipe_ = nullptr;  // null: whole images
  DecodedCache* cache_ = nullptr;       // null: there is none, or it keeps nothing
  std::deque<WorkerScratch> scratch_;   // of each worker
};

}  // namespace flowtrain
