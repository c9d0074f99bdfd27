#include "nodes/decode/decode_image.h"

#include <string>
#include <utility>

#include "nodes/decode/decode.h"
#include "nodes/source/dataset.h"
#include "pipeline/registry.h"

namespace flowtrain {

void DecodeImage::Declare(NodeSpec& spec) {
  spec.Doc("Decodes images to RGB of 8 bits: JPEG, STL-10, and what OpenCV reads.")
      .Input("ids", Stream::kSample)
      .Output("images", Stream::kSample)
      .Uses("dataset", "ImageDataset");
}

void DecodeImage::Open(const OpenContext& context) {
  dataset_ = &context.Get<ImageDataset>("dataset");
  scratch_.resize(static_cast<size_t>(context.workers()));
}

Outcome DecodeImage::Process(Sample& sample, Worker& worker) {
  EncodedImage image;
  image.bytes = sample.encoded;
  image.encoding = dataset_->encoding();
  image.height = dataset_->image_height();
  image.width = dataset_->image_width();
  RgbImage rgb;
  rgb.storage = std::move(sample.pixel_bytes);  // and back, so that the slot keeps its memory
  std::string why;
  const bool ok =
      DecodeToRgb(image, scratch_[static_cast<size_t>(worker.index)], nullptr, rgb, &why);
  sample.pixel_bytes = std::move(rgb.storage);
  if (!ok) return Bad(std::move(why));
  sample.pixels = rgb.pixels;
  sample.height = rgb.height;
  sample.width = rgb.width;
  sample.full_height = rgb.full_height;
  sample.full_width = rgb.full_width;
  sample.top = rgb.top;
  sample.left = rgb.left;
  sample.shrink = rgb.shrink;
  return Ok();
}

FLOWTRAIN_REGISTER_NODE(DecodeImage);

}  // namespace flowtrain
