#include "nodes/decode/decode_image.h"

#include <array>
#include <cstring>
#include <utility>

#include "nodes/decode/decode_jpeg.h"
#include "nodes/source/dataset.h"
#include "pipeline/registry.h"

namespace flowtrain {
namespace {

bool HasSize(const EncodedImage& image, std::string* why) {
  const size_t wanted =
      size_t{3} * static_cast<size_t>(image.height) * static_cast<size_t>(image.width);
  if (wanted != 0 && image.bytes.size() == wanted) return true;
  *why = "it has " + std::to_string(image.bytes.size()) + " bytes instead of " +
         std::to_string(wanted);
  return false;
}

void PlanesToRgb(const EncodedImage& image, RgbImage& out) {
  const auto pixels = out.Resize(image.height, image.width);
  const size_t height = static_cast<size_t>(image.height), plane = pixels.size() / 3;
  const uint8_t* red = image.bytes.data();
  uint8_t* to = pixels.data();
  for (size_t y = 0; y < height; ++y) {
    for (size_t at = y; at < plane; at += height, to += 3) {
      to[0] = red[at];
      to[1] = red[at + plane];
      to[2] = red[at + 2 * plane];
    }
  }
}

// A PNG says its size in its first bytes; OpenCV would allocate the image before it could be
// refused.
bool IsHugePng(std::span<const uint8_t> bytes) {
  constexpr std::array<uint8_t, 8> kMagic = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  if (bytes.size() < 24 || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    return false;
  }
  auto number = [&](size_t at) {
    return int64_t{bytes[at]} << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
  };
  const int64_t width = number(16), height = number(20);
  return width > 0 && TooLarge(height, width);
}

bool DecodeFile(std::span<const uint8_t> bytes, DecodeScratch& scratch, RgbImage& out,
                std::string* why) {
  if (bytes.empty()) {
    *why = "the file is empty";
    return false;
  }
  if (IsJpeg(bytes)) return DecodeJpeg(bytes, scratch, out, why);
  if (IsHugePng(bytes)) {
    *why = "it is too large: more than " + std::to_string(kMaxImagePixels / 1'000'000) +
           " million pixels";
    return false;
  }
  return scratch.imgcodecs.Decode(bytes, out, why);
}

}  // namespace

bool DecodeToRgb(const EncodedImage& image, DecodeScratch& scratch, RgbImage& out,
                 std::string* why) {
  switch (image.encoding) {
    case Encoding::kFile:
      return DecodeFile(image.bytes, scratch, out, why);
    case Encoding::kStl10Planes:
      if (!HasSize(image, why)) return false;
      PlanesToRgb(image, out);
      return true;
    case Encoding::kRgb:
      if (!HasSize(image, why)) return false;
      out.pixels = image.bytes;
      out.height = image.height;
      out.width = image.width;
      return true;
  }
  *why = "its encoding is unknown";
  return false;
}

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
  const bool ok = DecodeToRgb(image, scratch_[static_cast<size_t>(worker.index)], rgb, &why);
  sample.pixel_bytes = std::move(rgb.storage);
  if (!ok) return Bad(std::move(why));
  sample.pixels = rgb.pixels;
  sample.height = rgb.height;
  sample.width = rgb.width;
  return Ok();
}

FLOWTRAIN_REGISTER_NODE(DecodeImage);

}  // namespace flowtrain
