// Codecs that are shared objects of their own, opened when an image first needs them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nodes/decode/plugin/codec.h"
#include "nodes/image/rgb_image.h"

namespace flowtrain {

enum class Codec : uint8_t { kWebp, kTiff, kJpeg2000, kHeif, kGif };
inline constexpr size_t kCodecs = 5;

// Their plug-ins: flowtrain_webp.so and so on. Where a library is missing, that costs its formats
// alone. One per thread: copies share nothing but the libraries, which stay open to the end of the
// program.
class CodecPlugins {
 public:
  struct Request {
    const char* format;  // what the bytes are: "WebP"
    int64_t max_pixels;
    const PartChooser* chooser;    // null: the whole image
    std::vector<uint8_t>& stored;  // the place of an image before it is turned upright
  };

  // Decodes to upright RGB. False: `why` says what is wrong with the image, or that the plug-in or
  // a library is not installed and what to do about it.
  bool Decode(Codec codec, std::span<const uint8_t> bytes, const Request& request, RgbImage& out,
              std::string* why);

  static const char* LibraryOf(Codec codec);  // "flowtrain_webp.so"

 private:
  struct Plugin {
    flowtrain_decode_function decode = nullptr;
    std::string missing;  // why there is none; empty before the first try
  };
  static void Open(Codec codec, Plugin& plugin);

  std::array<Plugin, kCodecs> plugins_;
};

}  // namespace flowtrain
