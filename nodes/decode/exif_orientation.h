// The orientation that a camera notes in an image (Exif 2.3, tag 0x0112).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace flowtrain {

// Orientation of an APP1 segment's data, 1 to 8; 1 (upright) where it holds none, or no valid one.
int ExifOrientation(std::span<const uint8_t> app1);
// The same for the TIFF block in it, which a PNG's eXIf chunk and WebP hold by itself; some writers
// put the segment's name before it.
int TiffOrientation(std::span<const uint8_t> block);
// The same for the text that ImageMagick writes to PNG under the keyword "Raw profile type exif": a
// line with the profile's name, one with its length, and its bytes as hexadecimal digits.
int RawProfileOrientation(std::string_view text);

// Turns an image of `height` x `width` pixels upright: `to` is as large as `from`, and [height,
// width, 3], or [width, height, 3] for the orientations 5 to 8.
void TurnUpright(std::span<const uint8_t> from, int height, int width, int orientation,
                 std::span<uint8_t> to);
inline bool SwapsSides(int orientation) { return orientation >= 5; }

}  // namespace flowtrain
