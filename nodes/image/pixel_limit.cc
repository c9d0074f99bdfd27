#include "nodes/image/pixel_limit.h"

namespace flowtrain {

bool TooLarge(int64_t height, int64_t width, int64_t max_pixels, std::string* why) {
  if (width == 0 || height <= max_pixels / width) return false;
  *why = "it is too large: " + std::to_string(width) + 'x' + std::to_string(height) +
         " pixels, more than max_pixels=" + std::to_string(max_pixels);
  return true;
}

}  // namespace flowtrain
