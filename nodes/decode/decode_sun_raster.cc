#include "nodes/decode/decode_sun_raster.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "nodes/decode/byte_reader.h"
#include "nodes/decode/complaint.h"
#include "nodes/image/pixel_limit.h"

namespace flowtrain {
namespace {

using File = std::span<const uint8_t>;

constexpr size_t kHeaderBytes = 32;
enum RasterType : uint32_t { kOld, kStandard, kRunLengths, kRgbOrder };
enum MapType : uint32_t { kNoMap, kRgbMap };

struct SunHeader {
  int64_t height = 0, width = 0;
  uint32_t bits = 0, type = 0, map_type = 0, map_bytes = 0;
  size_t RowBytes() const {  // in whole words of 16 bits
    return (static_cast<size_t>(width) * bits + 15) / 16 * 2;
  }
};

bool ReadHeader(File file, SunHeader& header, std::string* why) {
  ByteReader in(file, std::endian::big);
  header.width = in.U32(4);
  header.height = in.U32(8);
  header.bits = in.U32(12);
  header.type = in.U32(20);
  header.map_type = in.U32(24);
  header.map_bytes = in.U32(28);
  if (in.cut()) return Refuse(why, "cut-off Sun raster: it ends within its header");
  if (header.width < 1 || header.height < 1) {
    return Refuse(why, Damaged("Sun raster", "it has no pixels"));
  }
  const uint32_t bits = header.bits;
  if (bits != 1 && bits != 8 && bits != 24 && bits != 32) {
    return Refuse(why, NotSupported("Sun raster of " + std::to_string(bits) + " bits a pixel"));
  }
  if (header.type > kRgbOrder) {
    return Refuse(why, NotSupported("Sun raster of type " + std::to_string(header.type)));
  }
  if (header.map_type > kRgbMap || (header.map_type == kRgbMap && bits > 8)) {
    return Refuse(why,
                  NotSupported("Sun raster with a map of type " + std::to_string(header.map_type)));
  }
  if (header.map_bytes % 3 != 0 || header.map_bytes > 768) {
    return Refuse(why, Damaged("Sun raster", "its palette is too long"));
  }
  return true;
}

// The plain bytes of an image of run lengths: 128 0 stands for one 128, 128 n v for n + 1 times v.
std::vector<uint8_t> Expanded(File codes, size_t wanted) {
  constexpr uint8_t kEscape = 128;
  std::vector<uint8_t> bytes;
  bytes.reserve(std::min(wanted, codes.size() * 86));  // 3 bytes stand for at most 256
  for (size_t at = 0; at < codes.size() && bytes.size() < wanted;) {
    const uint8_t value = codes[at++];
    if (value != kEscape) {
      bytes.push_back(value);
      continue;
    }
    if (at >= codes.size()) break;
    const size_t count = codes[at++];
    if (count == 0) {
      bytes.push_back(kEscape);
    } else if (at < codes.size()) {
      bytes.insert(bytes.end(), std::min(count + 1, wanted - bytes.size()), codes[at++]);
    }
  }
  return bytes;
}

// Three planes of the palette, one after the other.
struct Palette {
  File planes;
  size_t colours() const { return planes.size() / 3; }
  bool Look(size_t index, uint8_t* rgb) const {
    if (index >= colours()) return false;
    for (size_t c = 0; c < 3; ++c) rgb[c] = planes[c * colours() + index];
    return true;
  }
};

// False: a colour is not in the palette.
bool RowToRgb(const SunHeader& header, const Palette& palette, const uint8_t* row, uint8_t* rgb) {
  const size_t red = header.type == kRgbOrder ? 0 : 2, blue = 2 - red;
  const size_t pixel_bytes = header.bits / 8, pad = header.bits == 32 ? 1 : 0;
  for (int64_t x = 0; x < header.width; ++x, rgb += kChannels) {
    if (header.bits > 8) {
      const uint8_t* pixel = row + static_cast<size_t>(x) * pixel_bytes + pad;
      rgb[0] = pixel[red];
      rgb[1] = pixel[1];
      rgb[2] = pixel[blue];
      continue;
    }
    const auto index =
        header.bits == 8 ? row[x] : static_cast<uint8_t>(row[x / 8] >> (7 - x % 8) & 1);
    if (palette.colours() > 0) {
      if (!palette.Look(index, rgb)) return false;
    } else {
      const auto bit = static_cast<uint8_t>(index == 0 ? 255 : 0);  // 1 is black
      std::fill_n(rgb, kChannels, header.bits == 8 ? index : bit);
    }
  }
  return true;
}

}  // namespace

bool DecodeSunRaster(File file, int64_t max_pixels, RgbImage& out, std::string* why) {
  SunHeader header;
  if (!ReadHeader(file, header, why)) return false;
  if (TooLarge(header.height, header.width, max_pixels, why)) return false;
  const size_t row_bytes = header.RowBytes();
  const auto height = static_cast<size_t>(header.height);
  if (file.size() - kHeaderBytes < header.map_bytes) {
    return Refuse(why, "cut-off Sun raster: it ends within its palette");
  }
  const Palette palette{header.map_type == kRgbMap ? file.subspan(kHeaderBytes, header.map_bytes)
                                                   : File()};
  File raster = file.subspan(kHeaderBytes + header.map_bytes);
  std::vector<uint8_t> expanded;
  if (header.type == kRunLengths) {
    expanded = Expanded(raster, row_bytes * height);
    raster = expanded;
  }
  if (raster.size() / row_bytes < height) {
    return Refuse(why, CutOff("Sun raster", raster.size() / row_bytes, height));
  }
  uint8_t* rgb = out.Resize(static_cast<int>(height), static_cast<int>(header.width)).data();
  for (size_t y = 0; y < height; ++y, rgb += kChannels * static_cast<size_t>(header.width)) {
    if (!RowToRgb(header, palette, raster.data() + y * row_bytes, rgb)) {
      return Refuse(why, Damaged("Sun raster", "a colour is not in its palette"));
    }
  }
  return true;
}

}  // namespace flowtrain
