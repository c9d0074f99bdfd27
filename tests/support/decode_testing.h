// What the tests of decoding share.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "nodes/decode/codec_plugins.h"
#include "nodes/decode/decode.h"
#include "nodes/decode/decode_scratch.h"
#include "pipeline/base/files/plugin_folders.h"
#include "tests/support/image_files.h"

namespace flowtrain {

struct Decoded {
  bool ok = false;
  std::string why;
  RgbImage image;

  // Channel c of the pixel at (y, x).
  int At(int y, int x, int c) const {
    return image.pixels[static_cast<size_t>((y * image.width + x) * 3 + c)];
  }
};

inline Decoded Decode(const Bytes& file, std::string_view name = {}) {
  DecodeScratch scratch;
  Decoded decoded;
  EncodedImage encoded;
  encoded.bytes = file;
  encoded.file_name = name;
  decoded.ok = DecodeToRgb(encoded, scratch, nullptr, decoded.image, &decoded.why);
  return decoded;
}

// The largest difference of the pixels from `expected`, over three channels; 256 if sizes differ.
inline int LargestDifference(const Decoded& decoded, const Raw& expected) {
  if (decoded.image.height != expected.height || decoded.image.width != expected.width ||
      decoded.image.pixels.size() != expected.values.size()) {
    return 256;
  }
  int largest = 0;
  for (size_t i = 0; i < expected.values.size(); ++i) {
    largest = std::max(largest, std::abs(decoded.image.pixels[i] - expected.values[i]));
  }
  return largest;
}

// The mean difference of the values of two images; 256 if sizes differ.
inline double MeanDifference(const RgbImage& one, const RgbImage& other) {
  if (one.height != other.height || one.width != other.width) return 256;
  double sum = 0;
  for (size_t i = 0; i < one.pixels.size(); ++i) sum += std::abs(one.pixels[i] - other.pixels[i]);
  return sum / static_cast<double>(one.pixels.size());
}

// Whether the plug-in of a codec is there. The build puts them beside the program, one folder from
// the tests.
inline bool PluginIsThere(Codec codec) {
  namespace fs = std::filesystem;
  if (std::getenv("FLOWTRAIN_PLUGINS") == nullptr) {
    const fs::path build = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
    setenv("FLOWTRAIN_PLUGINS", (build / "tools").c_str(), 1);
  }
  for (const std::string& folder : PluginFolders()) {
    if (fs::exists(fs::path(folder) / CodecPlugins::LibraryOf(codec))) return true;
  }
  return false;
}

}  // namespace flowtrain
