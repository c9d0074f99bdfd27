// JPEG by libjpeg-turbo.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace flowtrain {

struct RgbImage;

bool IsJpeg(std::span<const uint8_t> bytes);  // by its first bytes

// Decodes to RGB, turned as its EXIF data says. Returns why it cannot be used, or an empty string.
std::string DecodeJpeg(std::span<const uint8_t> bytes, RgbImage& image);

}  // namespace flowtrain
