// Writes PNG.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace flowtrain {

// A PNG file of `rgb`, uint8 [height, width, 3]. Throws std::runtime_error where libspng fails.
std::vector<uint8_t> EncodePng(std::span<const uint8_t> rgb, int height, int width);

}  // namespace flowtrain
