// The orientation that a camera notes in an image (Exif 2.3, tag 0x0112), or an editor in XMP.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace flowtrain {

// An orientation is 1 (upright) to 8. All of these return nothing where none is noted, and 1 for a
// value that is not one of these.

// Of an APP1 segment's data.
std::optional<int> ExifOrientation(std::span<const uint8_t> app1);
// The same for the TIFF block in it, which a PNG's eXIf chunk and WebP hold by itself; some writers
// put the segment's name before it.
std::optional<int> TiffOrientation(std::span<const uint8_t> block);
// The same for the text that ImageMagick writes to PNG under the keyword "Raw profile type exif": a
// line with the profile's name, one with its length, and its bytes as hexadecimal digits.
std::optional<int> RawProfileOrientation(std::string_view text);
// Of an XMP packet, tiff:Orientation as an attribute or an element. As in Pillow it counts only
// where Exif notes none.
std::optional<int> XmpOrientation(std::string_view packet);
// The packet in an APP1 segment's data; nothing where it is of another kind.
std::optional<std::string_view> XmpOfSegment(std::span<const uint8_t> app1);

// Turns an image of `height` x `width` pixels upright: `to` is as large as `from`, and [height,
// width, 3], or [width, height, 3] for the orientations 5 to 8.
void TurnUpright(std::span<const uint8_t> from, int height, int width, int orientation,
                 std::span<uint8_t> to);
inline bool SwapsSides(int orientation) { return orientation >= 5; }

}  // namespace flowtrain
