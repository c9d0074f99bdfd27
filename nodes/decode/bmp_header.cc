#include "nodes/decode/bmp_header.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "nodes/decode/byte_reader.h"
#include "nodes/decode/complaint.h"

namespace flowtrain {
namespace {

constexpr size_t kFileHeaderBytes = 14, kMasksAt = kFileHeaderBytes + 40;
constexpr uint32_t kOs2Bytes = 12, kWindowsBytes = 40;
enum Compression : uint32_t { kNone, kRle8, kRle4, kBitfields, kJpeg, kPng, kAlphaBitfields };

bool IsWindowsHeader(uint32_t bytes) {
  return bytes == kWindowsBytes || bytes == 52 || bytes == 56 || bytes == 108 || bytes == 124;
}
bool IsOs2Header(uint32_t bytes) { return bytes == kOs2Bytes || (bytes >= 16 && bytes <= 64); }

bool ReadSize(ByteReader& in, uint32_t header_bytes, BmpHeader& header) {
  if (header_bytes == kOs2Bytes) {
    header.width = in.U16(18);
    header.height = in.U16(20);
    header.bits = static_cast<int>(in.U16(24));
  } else {
    header.width = in.S32(18);
    const int64_t height = in.S32(22);
    header.top_down = height < 0;
    header.height = std::abs(height);
    header.bits = static_cast<int>(in.U16(28));
  }
  return header.width > 0 && header.height > 0;
}

// The masks of colours that lie within a pixel. False: one is not a run of bits.
bool SetMasks(ByteReader& in, bool own, BmpHeader& header) {
  if (own) {
    for (size_t i = 0; i < 3; ++i) header.masks[i] = in.U32(kMasksAt + 4 * i);
  } else if (header.bits == 16) {
    header.masks = {0x7C00, 0x3E0, 0x1F};
  } else {
    header.masks = {0xFF0000, 0xFF00, 0xFF};
  }
  return std::all_of(header.masks.begin(), header.masks.end(), [](uint32_t mask) {
    const uint32_t run = mask == 0 ? 0 : mask >> std::countr_zero(mask);
    return (run & (run + 1)) == 0;
  });
}

// Of `entry_bytes` a colour: blue, green, red.
void ReadPalette(std::span<const uint8_t> file, size_t at, size_t entry_bytes, BmpHeader& header) {
  const size_t end = std::min(header.pixels_at, file.size());
  const size_t room = at < end ? (end - at) / entry_bytes : 0;
  header.colours = static_cast<int>(std::min(room, static_cast<size_t>(header.colours)));
  for (size_t i = 0; i < static_cast<size_t>(header.colours); ++i) {
    const uint8_t* bgr = file.data() + at + i * entry_bytes;
    for (size_t c = 0; c < 3; ++c) header.palette[3 * i + c] = bgr[2 - c];
  }
}

}  // namespace

bool ReadBmpHeader(std::span<const uint8_t> file, BmpHeader& header, std::string* why) {
  ByteReader in(file, std::endian::little);
  const uint32_t header_bytes = in.U32(kFileHeaderBytes);
  const bool windows = IsWindowsHeader(header_bytes);
  if (!in.cut() && !windows && !IsOs2Header(header_bytes)) {
    return Refuse(why,
                  NotSupported("BMP with a header of " + std::to_string(header_bytes) + " bytes"));
  }
  const bool sized = ReadSize(in, header_bytes, header);
  const uint32_t compression = header_bytes >= 20 ? in.U32(30) : kNone;
  const uint32_t colours = header_bytes >= 36 ? in.U32(46) : 0;
  if (in.cut()) return Refuse(why, "cut-off BMP: it ends within its header");
  if (!sized) return Refuse(why, Damaged("BMP", "it has no pixels"));

  const bool own_masks = windows && (compression == kBitfields || compression == kAlphaBitfields);
  const int bits = header.bits;
  const bool palette = bits == 1 || bits == 2 || bits == 4 || bits == 8;
  if (compression == kRle8 && bits == 8) {
    header.coding = BmpCoding::kRle8;
  } else if (compression == kRle4 && bits == 4) {
    header.coding = BmpCoding::kRle4;
  } else if (windows && (compression == kJpeg || compression == kPng)) {
    return Refuse(
        why, NotSupported(compression == kJpeg ? "BMP that holds a JPEG" : "BMP that holds a PNG"));
  } else if (compression != kNone && !(own_masks && (bits == 16 || bits == 32))) {
    return Refuse(why, NotSupported("BMP with compression " + std::to_string(compression) + " of " +
                                    std::to_string(bits) + " bits"));
  } else if (!palette && bits != 16 && bits != 24 && bits != 32) {
    return Refuse(why, NotSupported("BMP of " + std::to_string(bits) + " bits a pixel"));
  }
  if (!palette && !SetMasks(in, own_masks, header)) {
    return Refuse(why, NotSupported("BMP with a colour mask of separate bits"));
  }

  size_t after = kFileHeaderBytes + header_bytes;
  if (own_masks && header_bytes == kWindowsBytes) after += compression == kBitfields ? 12 : 16;
  header.pixels_at = in.U32(10);
  const size_t entry_bytes = header_bytes == kOs2Bytes ? 3 : 4;
  if (palette) {
    const uint32_t most = 1u << bits;
    header.colours = static_cast<int>(colours == 0 ? most : std::min(colours, most));
  }
  // Some writers do not say where the pixels begin, and some leave the palette out.
  const bool says_where = header.pixels_at != 0 && !(palette && header.pixels_at == after);
  if (!says_where) header.pixels_at = after + static_cast<size_t>(header.colours) * entry_bytes;
  if (palette) ReadPalette(file, after, entry_bytes, header);
  if (in.cut() || header.pixels_at < kFileHeaderBytes + header_bytes) {
    return Refuse(why, Damaged("BMP", "its pixels would begin within its header"));
  }
  return true;
}

}  // namespace flowtrain
