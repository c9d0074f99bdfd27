// The extensions of image files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace flowtrain {

// How a format is read. kNone: it is not.
enum class Reader : uint8_t {
  kNone,
  kJpeg,
  kPng,
  kBmp,
  kPnm,
  kPam,
  kSunRaster,
  kWebp,
  kTiff,
  kJpeg2000,
  kHeif,
  kGif
};

// What comes after the last dot, in lower case; empty without a dot.
std::string ExtensionOf(std::string_view name);

// The reader that an extension promises, which is in lower case; kNone for others.
Reader ReaderOfExtension(std::string_view extension);

// Whether a file of this name is taken for an image.
bool HasImageExtension(std::string_view name);

}  // namespace flowtrain
