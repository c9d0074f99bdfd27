// OpenCV's image codecs, opened when an image first needs them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nodes/decode/plugin/imgcodecs_plugin.h"

namespace flowtrain {

struct RgbImage;

// The plug-in flowtrain_imgcodecs.so. One per thread: copies share nothing but the library itself,
// which stays open to the end of the program.
class Imgcodecs {
 public:
  // Decodes the formats that ReadImageSize knows, if the image has at most `max_pixels`. False:
  // `why` says what is wrong with the image, or that the plug-in is not installed and what to do
  // about it.
  bool Decode(std::span<const uint8_t> bytes, int64_t max_pixels, RgbImage& out, std::string* why);

  // Folders in which it is looked for, in this order: $FLOWTRAIN_PLUGINS, the program's own,
  // ../lib/flowtrain and ../lib beside that.
  static std::vector<std::string> SearchPath();

 private:
  void Open();

  flowtrain_decode_function decode_ = nullptr;
  std::string missing_;  // why there is none; empty before the first try
};

}  // namespace flowtrain
