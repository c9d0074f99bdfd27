#include "nodes/decode/decode_png.h"

#include <spng.h>

#include <array>
#include <cstring>
#include <memory>
#include <utility>

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

int Orientation(spng_ctx* context) {
  spng_exif exif{};
  if (spng_get_exif(context, &exif) != 0) return 1;
  return TiffOrientation({reinterpret_cast<const uint8_t*>(exif.data), exif.length});
}

}  // namespace

bool IsPng(std::span<const uint8_t> bytes) {
  constexpr std::array<uint8_t, 8> kMagic = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  return bytes.size() >= kMagic.size() &&
         std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

bool DecodePng(std::span<const uint8_t> bytes, DecodeScratch& scratch, RgbImage& out,
               std::string* why) {
  const auto damaged = [why](int error) {
    *why = std::string("damaged PNG: ") + spng_strerror(error);
    return false;
  };
  const Context context(spng_ctx_new(0));
  if (context == nullptr) throw std::bad_alloc();
  spng_ihdr header{};
  if (int error = Open(context.get(), bytes, header)) return damaged(error);
  if (TooLarge(header.height, header.width, scratch.max_pixels, why)) return false;
  const int height = static_cast<int>(header.height), width = static_cast<int>(header.width);
  const auto pixels = out.Resize(height, width);
  if (int error =
          spng_decode_image(context.get(), pixels.data(), pixels.size(), SPNG_FMT_RGB8, 0)) {
    return damaged(error);
  }
  if (int error = spng_decode_chunks(context.get())) return damaged(error);  // to the end
  const int orientation = Orientation(context.get());
  if (orientation == 1) return true;
  scratch.pixels.assign(pixels.begin(), pixels.end());
  const bool swap = SwapsSides(orientation);
  const auto upright = out.Resize(swap ? width : height, swap ? height : width);
  TurnUpright(scratch.pixels, height, width, orientation, upright);
  return true;
}

}  // namespace flowtrain
