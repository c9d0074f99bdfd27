#include "nodes/decode/decode.h"

#include <array>
#include <cstring>

#include "nodes/decode/decode_jpeg.h"

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

bool DecodeFile(std::span<const uint8_t> bytes, DecodeScratch& scratch, const PartChooser* chooser,
                RgbImage& out, std::string* why) {
  if (bytes.empty()) {
    *why = "the file is empty";
    return false;
  }
  if (IsJpeg(bytes)) return DecodeJpeg(bytes, scratch, chooser, out, why);
  if (IsHugePng(bytes)) {
    *why = "it is too large: more than " + std::to_string(kMaxImagePixels / 1'000'000) +
           " million pixels";
    return false;
  }
  return scratch.imgcodecs.Decode(bytes, out, why);
}

}  // namespace

bool DecodeToRgb(const EncodedImage& image, DecodeScratch& scratch, const PartChooser* chooser,
                 RgbImage& out, std::string* why) {
  switch (image.encoding) {
    case Encoding::kFile:
      return DecodeFile(image.bytes, scratch, chooser, out, why);
    case Encoding::kStl10Planes:
      if (!HasSize(image, why)) return false;
      PlanesToRgb(image, out);
      return true;
    case Encoding::kRgb:
      if (!HasSize(image, why)) return false;
      out.pixels = image.bytes;
      out.height = out.full_height = image.height;
      out.width = out.full_width = image.width;
      out.top = out.left = 0;
      out.shrink = 1;
      return true;
  }
  *why = "its encoding is unknown";
  return false;
}

}  // namespace flowtrain
