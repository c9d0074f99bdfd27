// Images that are no JPEG, by OpenCV's imgcodecs.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace flowtrain {

struct RgbImage;

// Decodes to RGB. imgcodecs brings 138 libraries in Debian and 0.3 s of start-up, so it is a
// plug-in (flowtrain_imgcodecs.so), opened by the first image that needs it: looked for beside the
// program, then in
// ../lib/flowtrain. Returns why the image cannot be used, or an empty string.
std::string DecodeWithImgcodecs(std::span<const uint8_t> bytes, RgbImage& image);

}  // namespace flowtrain
