// HEIC and AVIF by libheif, which turns the image upright as the file says.
#include <libheif/heif.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "nodes/decode/complaint.h"
#include "nodes/decode/plugin/codec_export.h"
#include "nodes/decode/plugin/iso_boxes.h"

namespace flowtrain::codec {
namespace {

// Loads libheif's own plug-ins, the decoders, once.
void SetUpLibheif() {
#if LIBHEIF_HAVE_VERSION(1, 13, 0)
  [[maybe_unused]] static const bool done = [] {
    heif_init(nullptr);
    return true;
  }();
#endif
}

struct FreeContext {
  void operator()(heif_context* context) const { heif_context_free(context); }
};
struct ReleaseHandle {
  void operator()(const heif_image_handle* handle) const { heif_image_handle_release(handle); }
};
struct ReleaseImage {
  void operator()(const heif_image* image) const { heif_image_release(image); }
};
using Context = std::unique_ptr<heif_context, FreeContext>;
using Handle = std::unique_ptr<const heif_image_handle, ReleaseHandle>;
using Image = std::unique_ptr<const heif_image, ReleaseImage>;

// Debian 12 and Ubuntu 22.04 have the decoders in libheif1 itself.
[[noreturn]] void RefuseForWantOfDecoder(bool av1) {
  throw Refusal(av1 ? "AVIF: libheif has no decoder for it (apt-get install libheif-plugin-aomdec)"
                    : "HEIC: libheif has no decoder for it (apt-get install "
                      "libheif-plugin-libde265)");
}

void Check(const heif_error& error, const std::string& format) {
  if (error.code == heif_error_Ok) return;
  const std::string text = error.message == nullptr ? "it is not sound" : error.message;
  if (error.code == heif_error_Memory_allocation_error) {
    throw Refusal(NotSupported(format + " that exceeds libheif's limits (" + text + ")"));
  }
  if (error.code == heif_error_Unsupported_filetype ||
      error.code == heif_error_Unsupported_feature) {
    throw Refusal(NotSupported(format + " of this kind (" + text + ")"));
  }
  throw Refusal(Damaged(format, text));
}

void CheckSize(const heif_image* image, heif_channel channel, const std::string& format,
               const Place& place) {
  if (heif_image_get_height(image, channel) != place.part.height ||
      heif_image_get_width(image, channel) != place.part.width) {
    throw Refusal(Damaged(format, "its image is of another size than its header says"));
  }
}

void CheckDecoder(const std::string& format) {
  if (format == "HEIF") return;  // of some other codec
  const bool av1 = format == "AVIF";
  if (heif_have_decoder_for_format(av1 ? heif_compression_AV1 : heif_compression_HEVC) == 0) {
    RefuseForWantOfDecoder(av1);
  }
}

// To what the colours of a pixel were before they were multiplied by its alpha.
void DivideByAlpha(const uint8_t* rgba, uint8_t* rgb) {
  const int alpha = rgba[3];
  for (int c = 0; c < 3; ++c) {
    rgb[c] = static_cast<uint8_t>(alpha == 0 ? 0 : std::min(255, rgba[c] * 255 / alpha));
  }
}

void Copy(const heif_image* from, bool premultiplied, const Place& place) {
  int stride = 0;
  const uint8_t* rows = heif_image_get_plane_readonly(from, heif_channel_interleaved, &stride);
  const auto width = static_cast<size_t>(place.part.width);
  for (int y = 0; y < place.part.height; ++y) {
    const uint8_t* row = rows + static_cast<ptrdiff_t>(y) * stride;
    uint8_t* rgb = place.pixels + static_cast<size_t>(y) * width * 3;
    if (premultiplied) {
      for (size_t x = 0; x < width; ++x) DivideByAlpha(row + 4 * x, rgb + 3 * x);
    } else {
      std::copy_n(row, 3 * width, rgb);
    }
  }
}

// Whether an image of the file, perhaps the alpha of one, has no chroma: by the configuration of its
// AV1 or HEVC stream, each in a box of its own.
bool MayBeGrey(File file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const auto any = [text](const char* box, size_t at, uint8_t mask, uint8_t wanted) {
    for (size_t found = text.find(box); found != text.npos; found = text.find(box, found + 1)) {
      if (text.size() - found > at && (static_cast<uint8_t>(text[found + at]) & mask) == wanted) {
        return true;
      }
    }
    return false;
  };
  constexpr size_t kAv1Flags = 4 + 2, kHevcChroma = 4 + 16;
  return any("av1C", kAv1Flags, 0x10, 0x10) || any("hvcC", kHevcChroma, 3, 0);
}

// Of the image as it was decoded, or else of its header.
bool HasFullRange(const heif_image* image, const heif_image_handle* handle) {
  // libheif may make a profile and yet fail.
  const auto is_full = [](heif_color_profile_nclx* profile, const heif_error& error) {
    const std::unique_ptr<heif_color_profile_nclx, void (*)(heif_color_profile_nclx*)> free(
        profile, heif_nclx_color_profile_free);
    return error.code == heif_error_Ok ? std::optional<bool>(profile->full_range_flag != 0)
                                       : std::nullopt;
  };
  heif_color_profile_nclx *own = nullptr, *of_header = nullptr;
  heif_error error = heif_image_get_nclx_color_profile(image, &own);
  if (const auto full = is_full(own, error)) return *full;
  error = heif_image_handle_get_nclx_color_profile(handle, &of_header);
  return is_full(of_header, error).value_or(true);
}

// libheif takes grey of the limited range, in which 16 is black and 235 white, for that of the full
// one. False: the image is not grey.
bool DecodeGrey(const heif_image_handle* handle, const std::string& format, const Place& place) {
  heif_image* decoded = nullptr;
  Check(heif_decode_image(handle, &decoded, heif_colorspace_undefined, heif_chroma_undefined,
                          nullptr),
        format);
  const Image image(decoded);
  if (heif_image_get_colorspace(decoded) != heif_colorspace_monochrome) return false;
  CheckSize(decoded, heif_channel_Y, format, place);
  const int bits = heif_image_get_bits_per_pixel_range(decoded, heif_channel_Y);
  if (bits < 8 || bits > 16) throw Refusal(NotSupported(std::to_string(bits) + "-bit " + format));
  const bool full = HasFullRange(decoded, handle);
  const int black = full ? 0 : 16 << (bits - 8);
  const int white = full ? (1 << bits) - 1 : 235 << (bits - 8);
  int stride = 0;
  const uint8_t* rows = heif_image_get_plane_readonly(decoded, heif_channel_Y, &stride);
  uint8_t* rgb = place.pixels;
  for (int y = 0; y < place.part.height; ++y) {
    const uint8_t* row = rows + static_cast<ptrdiff_t>(y) * stride;
    for (int x = 0; x < place.part.width; ++x, rgb += 3) {
      uint16_t value = row[x];
      if (bits > 8) std::memcpy(&value, row + 2 * x, 2);
      const int light = ((value - black) * 255 + (white - black) / 2) / (white - black);
      std::fill_n(rgb, 3, static_cast<uint8_t>(std::clamp(light, 0, 255)));
    }
  }
  return true;
}

void Decode(File file, const flowtrain_host& host) {
  SetUpLibheif();
  const std::string format = host.format;
  if (const auto box = CutOffBox(file)) {
    if (box->type != BoxType("mdat")) {
      throw Refusal("cut-off " + format + ": it ends within its header");
    }
    throw Refusal(CutOff(format, file.size(), box->end, "bytes"));
  }
  const Context context(heif_context_alloc());
  if (context == nullptr) throw Refusal("there is not enough memory for it");
#if LIBHEIF_HAVE_VERSION(1, 13, 0)
  heif_context_set_max_decoding_threads(context.get(), 0);  // the program has threads of its own
#endif
  Check(
      heif_context_read_from_memory_without_copy(context.get(), file.data(), file.size(), nullptr),
      format);
  heif_image_handle* primary = nullptr;
  Check(heif_context_get_primary_image_handle(context.get(), &primary), format);
  const Handle handle(primary);

  flowtrain_stored_image stored{};
  stored.height = heif_image_handle_get_height(primary);
  stored.width = heif_image_handle_get_width(primary);
  stored.orientation = 1;
  const Place place = Begin(host, stored);
  CheckDecoder(format);
  if (MayBeGrey(file) && DecodeGrey(primary, format, place)) return;

  const bool premultiplied = heif_image_handle_is_premultiplied_alpha(primary) != 0;
  heif_image* decoded = nullptr;
  Check(heif_decode_image(
            primary, &decoded, heif_colorspace_RGB,
            premultiplied ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB, nullptr),
        format);
  const Image image(decoded);
  CheckSize(decoded, heif_channel_interleaved, format, place);
  Copy(decoded, premultiplied, place);
}

}  // namespace

FLOWTRAIN_EXPORT_CODEC(Decode);

}  // namespace flowtrain::codec
