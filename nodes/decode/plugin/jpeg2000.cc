// JPEG 2000 by OpenJPEG: files (.jp2) and bare codestreams (.j2k).
#include <openjpeg.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "nodes/decode/byte_reader.h"
#include "nodes/decode/complaint.h"
#include "nodes/decode/eight_bits.h"
#include "nodes/decode/plugin/codec_export.h"
#include "nodes/decode/plugin/iso_boxes.h"

namespace flowtrain::codec {
namespace {

const std::string kFormat = "JPEG 2000";

// The codestream of a file, or the file itself if it is one.
File Codestream(File file) {
  constexpr uint32_t kStart = 0xFF4FFF51;
  if (ByteReader(file, std::endian::big).U32(0) == kStart) return file;
  size_t at = 0;
  while (const auto box = BoxAt(file, at)) {
    if (box->end > file.size()) {
      throw Refusal(CutOff(kFormat, file.size(), box->end, "bytes"));
    }
    at = static_cast<size_t>(box->end);
    if (box->type == BoxType("jp2c")) return file.subspan(box->begin, at - box->begin);
    if (at >= file.size()) break;
  }
  throw Refusal("cut-off " + kFormat + ": it ends before its pixels begin");
}

// OpenJPEG takes memory for every tile and component that the header claims, so that is looked at
// first (ISO 15444-1, A.5.1). Returns the number of tiles.
size_t CheckHeader(File stream) {
  constexpr size_t kHeaderBytes = 42;
  constexpr uint64_t kMostTiles = 16384;
  constexpr uint32_t kMostComponents = 5;
  if (stream.size() < kHeaderBytes) {
    throw Refusal("cut-off " + kFormat + ": it ends within its header");
  }
  ByteReader in(stream, std::endian::big);
  const auto tiles = [&](size_t end_at, size_t tile_at, size_t first_at) -> uint64_t {
    const uint64_t end = in.U32(end_at), tile = in.U32(tile_at), first = in.U32(first_at);
    return tile == 0 || end < first ? 1 : (end - first + tile - 1) / tile;
  };
  const uint64_t count = tiles(8, 24, 32) * tiles(12, 28, 36);
  if (count > kMostTiles) {
    throw Refusal(NotSupported(kFormat + " of " + std::to_string(count) + " tiles"));
  }
  const uint32_t components = in.U16(40);
  if (components > kMostComponents) {
    throw Refusal(NotSupported(kFormat + " of " + std::to_string(components) + " components"));
  }
  return static_cast<size_t>(count);
}

// Follows the parts of the tiles, each of which says how long it is, to the stream's end (A.4).
// OpenJPEG leaves the place of a tile black that is not there.
void CheckTiles(File stream, size_t tiles) {
  constexpr uint32_t kTilePart = 0xFF90, kEnd = 0xFFD9;
  constexpr size_t kTilePartBytes = 12;
  ByteReader in(stream, std::endian::big);
  std::vector<bool> there(tiles);
  uint64_t at = 2;
  bool ended = false, in_tiles = false;
  while (!ended && at + 2 <= stream.size()) {
    const auto place = static_cast<size_t>(at);
    const uint32_t marker = in.U16(place);
    if (marker == kEnd) {
      ended = true;
    } else if (stream.size() - place < kTilePartBytes) {
      break;
    } else if (marker == kTilePart) {
      in_tiles = true;
      const uint32_t tile = in.U16(place + 4), bytes = in.U32(place + 6);
      if (tile < tiles) there[tile] = true;
      // 0: up to the end marker.
      at = bytes == 0 ? stream.size() - 2 : at + std::max<uint64_t>(bytes, kTilePartBytes);
    } else if (!in_tiles) {
      at += 2 + std::max(in.U16(place + 2), 2u);
    } else {
      throw Refusal(Damaged(kFormat, "the parts of its tiles do not follow each other"));
    }
  }
  if (!ended) {
    throw Refusal(
        CutOff(kFormat, stream.size(), std::max<uint64_t>(at + 2, stream.size()), "bytes"));
  }
  const auto lost = std::count(there.begin(), there.end(), false);
  if (lost > 0) {
    throw Refusal(Damaged(kFormat, "it lacks " + std::to_string(lost) + " of its " +
                                       std::to_string(tiles) + " tiles"));
  }
}

struct Input {
  File file;
  size_t position = 0;
};

struct DestroyStream {
  void operator()(opj_stream_t* stream) const { opj_stream_destroy(stream); }
};
struct DestroyCodec {
  void operator()(opj_codec_t* codec) const { opj_destroy_codec(codec); }
};
struct DestroyImage {
  void operator()(opj_image_t* image) const { opj_image_destroy(image); }
};

std::unique_ptr<opj_stream_t, DestroyStream> OpenStream(Input& input) {
  std::unique_ptr<opj_stream_t, DestroyStream> stream(opj_stream_default_create(OPJ_TRUE));
  if (stream == nullptr) throw Refusal("there is not enough memory for it");
  opj_stream_set_user_data(stream.get(), &input, nullptr);
  opj_stream_set_user_data_length(stream.get(), input.file.size());
  opj_stream_set_read_function(
      stream.get(), [](void* to, OPJ_SIZE_T bytes, void* user) -> OPJ_SIZE_T {
        Input& in = *static_cast<Input*>(user);
        const size_t got = std::min<size_t>(bytes, in.file.size() - in.position);
        if (got == 0) return static_cast<OPJ_SIZE_T>(-1);
        std::copy_n(in.file.data() + in.position, got, static_cast<uint8_t*>(to));
        in.position += got;
        return got;
      });
  opj_stream_set_skip_function(stream.get(), [](OPJ_OFF_T bytes, void* user) -> OPJ_OFF_T {
    Input& in = *static_cast<Input*>(user);
    const auto left = static_cast<OPJ_OFF_T>(in.file.size() - in.position);
    if (bytes < 0) return -1;
    const OPJ_OFF_T skipped = std::min(bytes, left);
    in.position += static_cast<size_t>(skipped);
    return skipped;
  });
  opj_stream_set_seek_function(stream.get(), [](OPJ_OFF_T offset, void* user) -> OPJ_BOOL {
    Input& in = *static_cast<Input*>(user);
    if (offset < 0 || static_cast<uint64_t>(offset) > in.file.size()) return OPJ_FALSE;
    in.position = static_cast<size_t>(offset);
    return OPJ_TRUE;
  });
  return stream;
}

enum class Colours : uint8_t { kGrey, kRgb, kYcc, kCmyk };

// An unspecified space is read as other readers do: YCbCr if the colours have fewer samples.
Colours ColoursOf(const opj_image_t& image) {
  const uint32_t count = image.numcomps;
  switch (image.color_space) {
    case OPJ_CLRSPC_EYCC:
      throw Refusal(NotSupported("e-YCC " + kFormat));
    case OPJ_CLRSPC_CMYK:
      if (count >= 4) return Colours::kCmyk;
      break;
    case OPJ_CLRSPC_SYCC:
      if (count >= 3) return Colours::kYcc;
      break;
    default:
      break;
  }
  if (count <= 2) return Colours::kGrey;
  const opj_image_comp_t* comps = image.comps;
  const bool subsampled = comps[1].dx > comps[0].dx || comps[1].dy > comps[0].dy;
  return subsampled ? Colours::kYcc : Colours::kRgb;
}

// The bytes of a component, at the size of the image.
class Component {
 public:
  Component(const opj_image_t& image, uint32_t index)
      : comp_(image.comps[index]), left_(image.x0), top_(image.y0), most_((1u << comp_.prec) - 1) {
    if (comp_.prec > 16 || comp_.prec < 1) {
      throw Refusal(NotSupported(std::to_string(comp_.prec) + "-bit " + kFormat));
    }
    if (comp_.data == nullptr || comp_.w == 0 || comp_.h == 0 || comp_.dx == 0 || comp_.dy == 0) {
      throw Refusal(Damaged(kFormat, "it lacks a component"));
    }
  }

  uint8_t At(uint32_t x, uint32_t y) const {
    const uint32_t column = std::min(Place(left_ + x, comp_.dx, comp_.x0), comp_.w - 1);
    const uint32_t row = std::min(Place(top_ + y, comp_.dy, comp_.y0), comp_.h - 1);
    int64_t value = comp_.data[size_t{row} * comp_.w + column];
    if (comp_.sgnd != 0) value += int64_t{1} << (comp_.prec - 1);
    value = std::clamp<int64_t>(value, 0, most_);
    return EightBits(static_cast<uint32_t>(value), most_);
  }

 private:
  static uint32_t Place(uint32_t at, uint32_t step, uint32_t first) {
    const uint32_t sample = at / step;
    return sample > first ? sample - first : 0;
  }

  const opj_image_comp_t& comp_;
  uint32_t left_, top_, most_;
};

uint8_t Rounded(double value) {
  return static_cast<uint8_t>(std::clamp(std::lround(value), 0L, 255L));
}

// ITU-R BT.601, all values of a byte.
void YccToRgb(uint8_t* pixel) {
  const double y = pixel[0], blue = pixel[1] - 128.0, red = pixel[2] - 128.0;
  pixel[0] = Rounded(y + 1.402 * red);
  pixel[1] = Rounded(y - 0.344136 * blue - 0.714136 * red);
  pixel[2] = Rounded(y + 1.772 * blue);
}

void ToRgb(const opj_image_t& image, const Place& place) {
  const Colours colours = ColoursOf(image);
  const size_t count = colours == Colours::kGrey ? 1 : (colours == Colours::kCmyk ? 4 : 3);
  std::vector<Component> components;
  for (uint32_t i = 0; i < count; ++i) components.emplace_back(image, i);
  uint8_t* rgb = place.pixels;
  for (int y = 0; y < place.part.height; ++y) {
    for (int x = 0; x < place.part.width; ++x, rgb += 3) {
      uint8_t pixel[4] = {};
      for (size_t c = 0; c < count; ++c) {
        pixel[c] = components[c].At(static_cast<uint32_t>(x), static_cast<uint32_t>(y));
      }
      if (colours == Colours::kGrey) pixel[1] = pixel[2] = pixel[0];
      if (colours == Colours::kYcc) YccToRgb(pixel);
      if (colours == Colours::kCmyk) {
        const auto light = CmykInkToRgb(pixel);
        std::copy(light.begin(), light.end(), pixel);
      }
      std::copy_n(pixel, 3, rgb);
    }
  }
}

void Decode(File file, const flowtrain_host& host) {
  if (file.size() < 12) throw Refusal("cut-off " + kFormat + ": it ends within its header");
  const File codestream = Codestream(file);
  CheckTiles(codestream, CheckHeader(codestream));
  const bool bare = codestream.size() == file.size();
  Input input{file};
  const auto stream = OpenStream(input);
  const std::unique_ptr<opj_codec_t, DestroyCodec> codec(
      opj_create_decompress(bare ? OPJ_CODEC_J2K : OPJ_CODEC_JP2));
  if (codec == nullptr) throw Refusal("there is not enough memory for it");
  std::string error;
  opj_set_error_handler(
      codec.get(),
      [](const char* text, void* user) {
        std::string& first = *static_cast<std::string*>(user);
        if (first.empty()) first.assign(text, std::strcspn(text, "\n"));
      },
      &error);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  const auto check = [&error](bool done) {
    if (!done) throw Refusal(Damaged(kFormat, error.empty() ? "it is not sound" : error));
  };
  check(opj_setup_decoder(codec.get(), &parameters) != OPJ_FALSE);
  opj_image_t* raw = nullptr;
  const bool read = opj_read_header(stream.get(), codec.get(), &raw) != OPJ_FALSE;
  const std::unique_ptr<opj_image_t, DestroyImage> image(raw);
  check(read && image != nullptr);

  flowtrain_stored_image stored{};
  stored.height = int64_t{image->y1} - image->y0;
  stored.width = int64_t{image->x1} - image->x0;
  stored.orientation = 1;
  const Place place = Begin(host, stored);
  check(opj_decode(codec.get(), stream.get(), image.get()) != OPJ_FALSE);
  check(opj_end_decompress(codec.get(), stream.get()) != OPJ_FALSE);
  ToRgb(*image, place);
}

}  // namespace

FLOWTRAIN_EXPORT_CODEC(Decode);

}  // namespace flowtrain::codec
