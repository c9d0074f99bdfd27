// The size of an image, read from its file's header.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace flowtrain {

struct ImageSize {
  int64_t height = 0, width = 0;  // pixels
};

// Of a BMP, TIFF (its first image), WebP, JPEG 2000, PNM, PAM or Sun raster file: the formats that
// are left to OpenCV, which takes memory for whatever a header claims. None for a file that is none
// of these or whose header is cut off.
std::optional<ImageSize> ReadImageSize(std::span<const uint8_t> file);

}  // namespace flowtrain
