#include "nodes/decode/decode.h"

#include "nodes/decode/decode_jpeg.h"
#include "nodes/decode/decode_png.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/image/image_levels.h"
#include "nodes/image/planes_to_rgb.h"

namespace flowtrain {
namespace {

bool HasSize(const EncodedImage& image, std::string* why) {
  const size_t wanted = LevelBytes(image.height, image.width, image.levels);
  if (wanted != 0 && image.bytes.size() == wanted) return true;
  *why = "it has " + std::to_string(image.bytes.size()) + " bytes instead of " +
         std::to_string(wanted);
  return false;
}

bool DecodeFile(std::span<const uint8_t> bytes, DecodeScratch& scratch, const PartChooser* chooser,
                RgbImage& out, std::string* why) {
  if (bytes.empty()) {
    *why = "the file is empty";
    return false;
  }
  if (IsJpeg(bytes)) return DecodeJpeg(bytes, scratch, chooser, out, why);
  if (IsPng(bytes)) return DecodePng(bytes, scratch, out, why);
  return scratch.imgcodecs.Decode(bytes, scratch.max_pixels, out, why);
}

}  // namespace

bool DecodeToRgb(const EncodedImage& image, DecodeScratch& scratch, const PartChooser* chooser,
                 RgbImage& out, std::string* why) {
  switch (image.encoding) {
    case Encoding::kFile:
      return DecodeFile(image.bytes, scratch, chooser, out, why);
    case Encoding::kStl10Planes:
      if (!HasSize(image, why)) return false;
      PlanesToRgb(image.bytes, image.height, image.width, scratch.pixels,
                  out.Resize(image.height, image.width));
      return true;
    case Encoding::kRgb:
      if (!HasSize(image, why)) return false;
      static_cast<Pixels&>(out) = WholeImage(image.bytes, image.height, image.width);
      out.levels = chooser == nullptr ? 1 : image.levels;
      out.pixels = image.bytes.first(LevelBytes(image.height, image.width, out.levels));
      return true;
  }
  *why = "its encoding is unknown";
  return false;
}

}  // namespace flowtrain
