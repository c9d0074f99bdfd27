// An image as a data set holds it: what the source hands to decode.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace flowtrain {

enum class Encoding : uint8_t {
  kFile,         // the bytes of an image file: JPEG, PNG, …
  kStl10Planes,  // uint8 [3, width, height]: channel, then column, then row (STL-10's layout)
  kRgb,          // uint8 [height, width, 3], packed; perhaps with levels (image_levels.h)
};

struct EncodedImage {
  // A view of a mapping, or of the storage that was given to Fetch.
  std::span<const uint8_t> bytes;
  Encoding encoding = Encoding::kFile;
  int32_t label = -1;         // class, from 0; -1 where there is none
  int height = 0, width = 0;  // pixels; 0 for kFile, where the file says it
  int levels = 1;             // kRgb: the image and its reduced copies
  // Of bytes in a mapped file: pass it to ReadsWereLost once they were used. Null otherwise.
  const std::atomic<bool>* lost = nullptr;
  std::string_view file_name;  // for messages; empty where the image is not in a file of its own
  std::string error;           // why the image could not be read; empty when it could
};

}  // namespace flowtrain
