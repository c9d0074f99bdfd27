#include "nodes/decode/decode_pnm.h"

#include <algorithm>

#include "nodes/decode/complaint.h"
#include "nodes/decode/eight_bits.h"
#include "nodes/decode/samples_to_rgb.h"
#include "nodes/decode/text_header.h"
#include "nodes/image/pixel_limit.h"

namespace flowtrain {
namespace {

struct PnmHeader {
  const char* format = "";
  bool plain = false;  // numbers as text
  int channels = 1;
  int64_t height = 0, width = 0, most = 1;
};

bool ReadHeader(char kind, TextHeader& text, PnmHeader& header, std::string* why) {
  const bool bitmap = kind == '1' || kind == '4';
  header.plain = kind <= '3';
  header.channels = kind == '3' || kind == '6' ? 3 : 1;
  header.format = bitmap ? "PBM" : (header.channels == 3 ? "PPM" : "PGM");
  text.Word();  // P and the kind
  header.width = text.Number();
  header.height = text.Number();
  if (!bitmap) header.most = text.Number();
  if (header.width < 1 || header.height < 1) {
    return Refuse(why, Damaged(header.format, "its header has no width and height"));
  }
  if (header.most < 1 || header.most > 65535) {
    return Refuse(why, Damaged(header.format, "its header has no maxval of 1 to 65535"));
  }
  return true;
}

// Bits of a row begin at a byte; 1 is black.
bool DecodeBits(std::span<const uint8_t> bytes, const PnmHeader& header, uint8_t* rgb,
                std::string* why) {
  const auto row_bytes = static_cast<size_t>((header.width + 7) / 8);
  const size_t rows = bytes.size() / row_bytes;
  if (rows < static_cast<size_t>(header.height)) {
    return Refuse(why, CutOff(header.format, rows, static_cast<uint64_t>(header.height)));
  }
  for (int64_t y = 0; y < header.height; ++y) {
    const uint8_t* row = bytes.data() + static_cast<size_t>(y) * row_bytes;
    for (int64_t x = 0; x < header.width; ++x, rgb += kChannels) {
      const bool black = (row[x / 8] >> (7 - x % 8) & 1) != 0;
      std::fill_n(rgb, kChannels, black ? uint8_t{0} : uint8_t{255});
    }
  }
  return true;
}

bool DecodePlain(TextHeader& text, const PnmHeader& header, uint8_t* rgb, std::string* why) {
  const bool bitmap = header.most == 1 && header.format == std::string("PBM");
  const int64_t pixels = header.height * header.width;
  for (int64_t i = 0; i < pixels; ++i, rgb += kChannels) {
    for (int c = 0; c < header.channels; ++c) {
      const int64_t value = bitmap ? text.Bit() : text.Number();
      if (value < 0 && text.AtEnd()) {
        return Refuse(why, CutOff(header.format, static_cast<uint64_t>(i / header.width),
                                  static_cast<uint64_t>(header.height)));
      }
      if (value < 0 || value > header.most) {
        return Refuse(why, Damaged(header.format, "a value is not a number up to its maxval"));
      }
      const auto number = static_cast<uint32_t>(bitmap ? 1 - value : value);
      rgb[c] = EightBits(number, static_cast<uint32_t>(header.most));
    }
    if (header.channels == 1) rgb[1] = rgb[2] = rgb[0];
  }
  return true;
}

size_t RasterBytes(const PnmHeader& header, bool bitmap) {
  const int64_t row = bitmap ? (header.width + 7) / 8
                             : header.width * header.channels * (header.most > 255 ? 2 : 1);
  return static_cast<size_t>(row * header.height);
}

// Where the raster begins: one space ends the header, which is the CR alone of a line that ends in
// CRLF, unless exactly as much as a raster follows both. False: neither is so.
bool FindRaster(std::span<const uint8_t> file, size_t header_end, size_t raster_bytes,
                std::span<const uint8_t>& raster) {
  raster = file.subspan(header_end);
  const bool crlf =
      header_end > 0 && file[header_end - 1] == '\r' && !raster.empty() && raster.front() == '\n';
  if (!crlf || raster.size() <= raster_bytes) return true;
  raster = raster.subspan(1);
  return raster.size() == raster_bytes;
}

}  // namespace

bool DecodePnm(std::span<const uint8_t> file, int64_t max_pixels, RgbImage& out, std::string* why) {
  TextHeader text(file);
  PnmHeader header;
  const char kind = static_cast<char>(file[1]);
  if (!ReadHeader(kind, text, header, why)) return false;
  if (TooLarge(header.height, header.width, max_pixels, why)) return false;
  uint8_t* rgb = out.Resize(static_cast<int>(header.height), static_cast<int>(header.width)).data();
  if (header.plain) return DecodePlain(text, header, rgb, why);
  text.End();
  std::span<const uint8_t> raster;
  if (!FindRaster(file, text.position(), RasterBytes(header, kind == '4'), raster)) {
    return Refuse(why, Damaged(header.format,
                               "its header's lines end in CRLF, and more than its pixels follow: a "
                               "transfer in text mode may have changed them"));
  }
  if (kind == '4') return DecodeBits(raster, header, rgb, why);
  return SamplesToRgb(
      header.format, raster,
      {.height = header.height,
       .width = header.width,
       .samples = header.channels,
       .most = static_cast<uint32_t>(header.most),
       .colours = header.channels == 3 ? SampleColours::kRgb : SampleColours::kGrey},
      rgb, why);
}

}  // namespace flowtrain
