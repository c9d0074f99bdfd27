#include "nodes/decode/decode_png.h"

#include <spng.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <vector>

#include "nodes/decode/byte_reader.h"
#include "nodes/decode/complaint.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/decode/exif_orientation.h"

namespace flowtrain {
namespace {

// More than any sound file has in a chunk of metadata, and far below what a hostile one can claim.
constexpr size_t kMaxChunkBytes = size_t{16} << 20;

struct FreeContext {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};
using Context = std::unique_ptr<spng_ctx, FreeContext>;

// 0, or libspng's number of what went wrong.
int Open(spng_ctx* context, std::span<const uint8_t> bytes, spng_ihdr& header) {
  if (int error = spng_set_crc_action(context, SPNG_CRC_ERROR, SPNG_CRC_ERROR)) return error;
  if (int error = spng_set_chunk_limits(context, kMaxChunkBytes, kMaxChunkBytes)) return error;
  if (int error = spng_set_png_buffer(context, bytes.data(), bytes.size())) return error;
  return spng_get_ihdr(context, &header);
}

bool IsRawProfile(std::string_view keyword) {
  return keyword == "Raw profile type exif" || keyword == "Raw profile type APP1";
}
bool IsXmp(std::string_view keyword) { return keyword == "XML:com.adobe.xmp"; }

struct Orientations {
  std::optional<int> exif, xmp;
};

Orientations OrientationsIn(spng_ctx* context) {
  Orientations found;
  spng_exif exif{};
  const bool has_exif = spng_get_exif(context, &exif) == 0;
  if (has_exif) {
    found.exif = TiffOrientation({reinterpret_cast<const uint8_t*>(exif.data), exif.length});
  }
  uint32_t count = 0;
  if (spng_get_text(context, nullptr, &count) != 0) return found;
  std::vector<spng_text> texts(count);
  if (spng_get_text(context, texts.data(), &count) != 0) return found;
  for (const spng_text& text : texts) {
    const std::string_view value(text.text, text.length);
    if (IsRawProfile(text.keyword) && !has_exif && !found.exif) {
      found.exif = RawProfileOrientation(value);
    }
    if (IsXmp(text.keyword)) found.xmp = XmpOrientation(value);
  }
  return found;
}

Context NewContext() {
  Context context(spng_ctx_new(0));
  if (context == nullptr) throw std::bad_alloc();
  return context;
}

struct PngImage {
  RgbImage& out;
  int64_t max_pixels;
  Orientations orientations;
  std::string too_large;  // why, if it has more than max_pixels
};

// Decodes, and reads on to the file's end, since the orientation may be behind the pixels. Returns
// 0, or libspng's number of what went wrong.
int DecodeAll(std::span<const uint8_t> bytes, PngImage& image) {
  // libspng calls sizes that are too large for it damage.
  ByteReader file(bytes, std::endian::big);
  const uint32_t width = file.U32(16), height = file.U32(20);
  if (!file.cut() && TooLarge(height, width, image.max_pixels, &image.too_large)) return 0;
  const Context context = NewContext();
  spng_ihdr header{};
  if (int error = Open(context.get(), bytes, header)) return error;
  const auto pixels =
      image.out.Resize(static_cast<int>(header.height), static_cast<int>(header.width));
  if (int error =
          spng_decode_image(context.get(), pixels.data(), pixels.size(), SPNG_FMT_RGB8, 0)) {
    return error;
  }
  if (int error = spng_decode_chunks(context.get())) return error;
  image.orientations = OrientationsIn(context.get());
  return 0;
}

// Whether the image depends on a chunk: the first letter of its type is upper-case, or it is one
// that says how the image is turned.
bool IsNeeded(std::span<const uint8_t> type_and_data) {
  constexpr uint8_t kLowerCase = 0x20;
  if ((type_and_data[0] & kLowerCase) == 0) return true;
  const std::span<const uint8_t> data = type_and_data.subspan(4);
  const std::string_view text(reinterpret_cast<const char*>(type_and_data.data()),
                              type_and_data.size());
  if (text.starts_with("eXIf")) return !ExifOrientation(data) && TiffOrientation(data);
  if (!text.starts_with("tEXt") && !text.starts_with("zTXt") && !text.starts_with("iTXt")) {
    return false;
  }
  const std::string_view keyword = text.substr(4, text.find('\0', 4) - 4);
  return data.size() <= kMaxChunkBytes && (IsRawProfile(keyword) || IsXmp(keyword));
}

constexpr size_t kSignatureBytes = 8, kAroundChunk = 12;  // length, type, checksum

// Of the chunk that `rest` begins with, as it says itself.
size_t ChunkBytes(std::span<const uint8_t> rest) {
  return kAroundChunk + ByteReader(rest, std::endian::big).U32(0);
}

// The file without the chunks that the image does not depend on: one of them may be too long, or
// not as it should be.
std::vector<uint8_t> WithoutMetadata(std::span<const uint8_t> bytes) {
  std::vector<uint8_t> file(bytes.begin(), bytes.begin() + kSignatureBytes);
  for (size_t at = kSignatureBytes; bytes.size() - at >= kAroundChunk;) {
    const std::span<const uint8_t> rest = bytes.subspan(at);
    const size_t length = ChunkBytes(rest);
    if (length > rest.size()) break;
    if (IsNeeded(rest.subspan(4, length - 8))) {
      file.insert(file.end(), rest.begin(), rest.begin() + static_cast<ptrdiff_t>(length));
    }
    at += length;
  }
  return file;
}

// Of an eXIf chunk that begins with the name of a JPEG's segment, which libspng ignores.
std::optional<int> OrientationOfNamedExif(std::span<const uint8_t> bytes) {
  for (size_t at = kSignatureBytes; bytes.size() - at >= kAroundChunk;) {
    const std::span<const uint8_t> rest = bytes.subspan(at);
    const size_t length = ChunkBytes(rest);
    if (length > rest.size()) break;
    if (std::memcmp(rest.data() + 4, "eXIf", 4) == 0) {
      return ExifOrientation(rest.subspan(8, length - kAroundChunk));
    }
    at += length;
  }
  return std::nullopt;
}

// The file with a last chunk that is as long as what there is of it: libspng takes a chunk as a whole
// or not at all.
std::vector<uint8_t> WithShortLastChunk(std::span<const uint8_t> bytes) {
  std::vector<uint8_t> file(bytes.begin(), bytes.end());
  for (size_t at = kSignatureBytes; at + kAroundChunk < file.size();) {
    const size_t left = file.size() - at, length = ChunkBytes(bytes.subspan(at));
    if (length > left) {
      const size_t data = left - kAroundChunk;
      for (size_t i = 0; i < 4; ++i) file[at + i] = static_cast<uint8_t>(data >> (24 - 8 * i));
    }
    at += length;
  }
  return file;
}

// How much of a file that ends early is there.
std::string WhereItEnds(std::span<const uint8_t> bytes) {
  const Context context = NewContext();
  spng_ihdr header{};
  spng_row_info row{};
  const std::vector<uint8_t> file = WithShortLastChunk(bytes);
  if (Open(context.get(), file, header) != 0 ||
      spng_set_crc_action(context.get(), SPNG_CRC_USE, SPNG_CRC_USE) != 0 ||
      spng_decode_image(context.get(), nullptr, 0, SPNG_FMT_RGB8, SPNG_DECODE_PROGRESSIVE) != 0) {
    return "cut-off PNG: it ends before its pixels begin";
  }
  std::vector<uint8_t> pixels(kChannels * header.width);
  int error = 0;
  uint32_t rows = 0;
  while ((error = spng_get_row_info(context.get(), &row)) == 0 &&
         (error = spng_decode_row(context.get(), pixels.data(), pixels.size())) == 0) {
    ++rows;
  }
  if (error == SPNG_EOI) return "cut-off PNG: it ends behind its pixels, without its end chunk";
  if (header.interlace_method != 0) {
    return "cut-off PNG: it ends in pass " + std::to_string(row.pass + 1) + " of 7";
  }
  return CutOff("PNG", rows, header.height);
}

}  // namespace

bool IsPng(std::span<const uint8_t> bytes) {
  constexpr std::array<uint8_t, 8> kMagic = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  return bytes.size() >= kMagic.size() &&
         std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

bool DecodePng(std::span<const uint8_t> bytes, DecodeScratch& scratch, RgbImage& out,
               std::string* why) {
  const auto refuse = [&](int error) {
    if (error == SPNG_IO_EOF) return Refuse(why, WhereItEnds(bytes));
    return Refuse(why, Damaged("PNG", spng_strerror(error)));
  };
  PngImage image{out, scratch.max_pixels, {}, {}};
  if (int error = DecodeAll(bytes, image)) {
    image.orientations = {};
    if (error == SPNG_IO_EOF || DecodeAll(WithoutMetadata(bytes), image) != 0) return refuse(error);
  }
  if (!image.too_large.empty()) return Refuse(why, image.too_large);
  auto [exif, xmp] = image.orientations;
  if (!exif) exif = OrientationOfNamedExif(bytes);
  const int orientation = exif.value_or(xmp.value_or(1)), height = out.height, width = out.width;
  const std::span<uint8_t> pixels = out.storage;
  if (orientation == 1) return true;
  scratch.pixels.assign(pixels.begin(), pixels.end());
  const bool swap = SwapsSides(orientation);
  const auto upright = out.Resize(swap ? width : height, swap ? height : width);
  TurnUpright(scratch.pixels, height, width, orientation, upright);
  return true;
}

}  // namespace flowtrain
