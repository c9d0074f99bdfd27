#include "nodes/decode/oriented_part.h"

#include "nodes/decode/exif_orientation.h"

namespace flowtrain {
namespace {

// Which sides of the stored image the upright one counts from the other end. Where sides are
// swapped, mirroring is of the stored sides.
bool MirrorsRows(int orientation) {  // 3: turned by half; 4: upside down; 7, 8: see Exif 2.3
  return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}
bool MirrorsColumns(int orientation) {
  return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

Rectangle Transposed(const Rectangle& r) { return {r.left, r.top, r.width, r.height}; }

Rectangle Mirrored(Rectangle r, int orientation, int height, int width) {
  if (MirrorsRows(orientation)) r.top = height - r.top - r.height;
  if (MirrorsColumns(orientation)) r.left = width - r.left - r.width;
  return r;
}

}  // namespace

Rectangle StoredRectangle(const Rectangle& upright, int orientation, int height, int width) {
  return Mirrored(SwapsSides(orientation) ? Transposed(upright) : upright, orientation, height,
                  width);
}

Rectangle UprightRectangle(const Rectangle& stored, int orientation, int height, int width) {
  const Rectangle mirrored = Mirrored(stored, orientation, height, width);
  return SwapsSides(orientation) ? Transposed(mirrored) : mirrored;
}

std::span<uint8_t> ResizeToPart(const StoredPart& stored, RgbImage& out) {
  const int orientation = stored.orientation;
  const Rectangle upright =
      UprightRectangle(stored.part, orientation, Reduced(stored.height, stored.shrink),
                       Reduced(stored.width, stored.shrink));
  const auto pixels = out.Resize(upright.height, upright.width);
  out.top = upright.top;
  out.left = upright.left;
  out.shrink = stored.shrink;
  const bool swap = SwapsSides(orientation);
  out.full_height = swap ? stored.width : stored.height;
  out.full_width = swap ? stored.height : stored.width;
  return pixels;
}

}  // namespace flowtrain
