#include "nodes/decode/rgb_image.h"

#include "nodes/decode/imgcodecs.h"
#include "nodes/decode/jpeg.h"

namespace flowtrain {
namespace {

// STL-10 stores the three planes column by column.
void TransposePlanes(const EncodedImage& encoded, RgbImage& image) {
  const auto height = static_cast<size_t>(encoded.height),
             width = static_cast<size_t>(encoded.width);
  const size_t plane = height * width;
  image.storage.resize(3 * plane);
  const uint8_t* from = encoded.bytes.data();
  uint8_t* to = image.storage.data();
  for (size_t row = 0; row < height; ++row) {
    for (size_t column = 0; column < width; ++column) {
      const size_t at = column * height + row;
      *to++ = from[at];
      *to++ = from[plane + at];
      *to++ = from[2 * plane + at];
    }
  }
}

}  // namespace

std::string DecodeToRgb(const EncodedImage& encoded, RgbImage& image) {
  if (encoded.encoding == Encoding::kFile) {
    std::string error = IsJpeg(encoded.bytes) ? DecodeJpeg(encoded.bytes, image)
                                              : DecodeWithImgcodecs(encoded.bytes, image);
    image.pixels = image.storage;
    return error;
  }
  image.height = encoded.height;
  image.width = encoded.width;
  if (encoded.encoding == Encoding::kRgb) {
    image.pixels = encoded.bytes;
  } else {
    TransposePlanes(encoded, image);
    image.pixels = image.storage;
  }
  return {};
}

}  // namespace flowtrain
