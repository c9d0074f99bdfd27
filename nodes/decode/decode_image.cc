#include "nodes/decode/decode_image.h"

#include <utility>

#include "pipeline/registry.h"

namespace flowtrain {

void DecodeImage::Declare(NodeSpec& spec) {
  spec.Doc("Decodes an image to RGB: JPEG, PNG and what OpenCV reads; STL-10's planes.")
      .Input("ids", Stream::kSample)
      .Output("images", Stream::kSample)
      .Uses("dataset", "ImageDataset");
}

void DecodeImage::Open(const OpenContext& context) {
  encoding_ = context.Get<ImageDataset>("dataset").train().encoding();
  images_.resize(static_cast<size_t>(context.workers()));
}

Outcome DecodeImage::Process(Sample& sample, Worker& worker) {
  EncodedImage encoded;
  encoded.bytes = sample.encoded;
  encoded.encoding = encoding_;
  encoded.height = sample.height;
  encoded.width = sample.width;

  RgbImage& image = images_[static_cast<size_t>(worker.index)];
  image.storage.swap(sample.pixel_bytes);  // the slot's memory fits what it held last
  std::string error = DecodeToRgb(encoded, image);
  image.storage.swap(sample.pixel_bytes);
  if (!error.empty()) return Bad(std::move(error));
  sample.pixels = image.pixels;
  sample.height = image.height;
  sample.width = image.width;
  return Ok();
}

FLOWTRAIN_REGISTER_NODE(DecodeImage);

}  // namespace flowtrain
