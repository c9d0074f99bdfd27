// The EXIF orientation of a photograph.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace flowtrain {

struct RgbImage;

// The orientation, 1 to 8, in the bytes of an APP1 segment (EXIF 2.32, tag 0x0112); 1 where there
// is none.
int ReadExifOrientation(std::span<const uint8_t> app1);

// Turns `image` so that it stands as it was taken.
void Orient(int orientation, RgbImage& image);

}  // namespace flowtrain
