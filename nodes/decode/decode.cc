#include "nodes/decode/decode.h"

#include "nodes/decode/complaint.h"
#include "nodes/decode/decode_bmp.h"
#include "nodes/decode/decode_jpeg.h"
#include "nodes/decode/decode_pam.h"
#include "nodes/decode/decode_png.h"
#include "nodes/decode/decode_pnm.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/decode/decode_sun_raster.h"
#include "nodes/decode/file_format.h"
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

Codec CodecOf(Reader reader) {
  switch (reader) {
    case Reader::kWebp:
      return Codec::kWebp;
    case Reader::kTiff:
      return Codec::kTiff;
    case Reader::kJpeg2000:
      return Codec::kJpeg2000;
    case Reader::kHeif:
      return Codec::kHeif;
    default:
      return Codec::kGif;
  }
}

bool DecodeFormat(const FileFormat& format, std::span<const uint8_t> bytes, DecodeScratch& scratch,
                  const PartChooser* chooser, RgbImage& out, std::string* why) {
  switch (format.reader) {
    case Reader::kNone:
      return Refuse(why, WhyNotRead(format));
    case Reader::kJpeg:
      return DecodeJpeg(bytes, scratch, chooser, out, why);
    case Reader::kPng:
      return DecodePng(bytes, scratch, out, why);
    case Reader::kBmp:
      return DecodeBmp(bytes, scratch.max_pixels, out, why);
    case Reader::kPnm:
      return DecodePnm(bytes, scratch.max_pixels, out, why);
    case Reader::kPam:
      return DecodePam(bytes, scratch.max_pixels, out, why);
    case Reader::kSunRaster:
      return DecodeSunRaster(bytes, scratch.max_pixels, out, why);
    default:
      return scratch.plugins.Decode(CodecOf(format.reader), bytes,
                                    {format.name, scratch.max_pixels, chooser, scratch.pixels}, out,
                                    why);
  }
}

bool DecodeFile(const EncodedImage& image, DecodeScratch& scratch, const PartChooser* chooser,
                RgbImage& out, std::string* why) {
  if (image.bytes.empty()) return Refuse(why, "the file is empty");
  const FileFormat format = FormatOf(image.bytes);
  if (DecodeFormat(format, image.bytes, scratch, chooser, out, why)) return true;
  const std::string named = NamedWrongly(format, image.file_name);
  if (named.empty()) return false;
  const std::string name = std::string(format.name) + ": ";
  if (why->starts_with(name)) why->erase(0, name.size());  // it need not be said twice
  why->insert(0, named);
  return false;
}

}  // namespace

bool DecodeToRgb(const EncodedImage& image, DecodeScratch& scratch, const PartChooser* chooser,
                 RgbImage& out, std::string* why) {
  switch (image.encoding) {
    case Encoding::kFile:
      return DecodeFile(image, scratch, chooser, out, why);
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
