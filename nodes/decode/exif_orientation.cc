#include "nodes/decode/exif_orientation.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace flowtrain {
namespace {

constexpr uint16_t kOrientationTag = 0x0112, kShortType = 3;

// Reads integers of a TIFF block in its byte order; what lies outside reads as 0.
class TiffReader {
 public:
  explicit TiffReader(std::span<const uint8_t> block)
      : block_(block), little_(!block.empty() && block[0] == 'I') {}

  uint16_t Short(size_t offset) const { return static_cast<uint16_t>(Number(offset, 2)); }
  uint32_t Long(size_t offset) const { return Number(offset, 4); }

 private:
  uint32_t Number(size_t offset, size_t bytes) const {
    if (offset > block_.size() || block_.size() - offset < bytes) return 0;
    uint32_t number = 0;
    for (size_t i = 0; i < bytes; ++i) {
      number = number << 8 | block_[offset + (little_ ? bytes - 1 - i : i)];
    }
    return number;
  }

  std::span<const uint8_t> block_;
  bool little_;
};

// Where in `from` the upright image begins, and how many pixels further the next one lies.
struct Walk {
  ptrdiff_t start, step_x, step_y;
};

Walk WalkOf(int orientation, ptrdiff_t height, ptrdiff_t width) {
  const ptrdiff_t right = width - 1, below = (height - 1) * width;
  switch (orientation) {
    case 2:
      return {right, -1, width};
    case 3:
      return {below + right, -1, -width};
    case 4:
      return {below, 1, -width};
    case 5:
      return {0, width, 1};
    case 6:
      return {below, -width, 1};
    case 7:
      return {below + right, -width, -1};
    case 8:
      return {right, width, -1};
    default:
      return {0, 1, width};
  }
}

}  // namespace

int ExifOrientation(std::span<const uint8_t> app1) {
  constexpr char kName[6] = {'E', 'x', 'i', 'f', 0, 0};
  if (app1.size() < sizeof kName || std::memcmp(app1.data(), kName, sizeof kName) != 0) return 1;
  return TiffOrientation(app1.subspan(sizeof kName));
}

int TiffOrientation(std::span<const uint8_t> block) {
  const TiffReader tiff(block);
  if (block.size() < 8 || block[0] != block[1] || (block[0] != 'I' && block[0] != 'M') ||
      tiff.Short(2) != 42) {
    return 1;
  }
  const size_t directory = tiff.Long(4);
  const size_t entries = tiff.Short(directory);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (tiff.Short(entry) != kOrientationTag) continue;
    const int orientation = tiff.Short(entry + 8);
    const bool sound = tiff.Short(entry + 2) == kShortType && orientation >= 1 && orientation <= 8;
    return sound ? orientation : 1;
  }
  return 1;
}

void TurnUpright(std::span<const uint8_t> from, int height, int width, int orientation,
                 std::span<uint8_t> to) {
  const Walk walk = WalkOf(orientation, height, width);
  const int rows = SwapsSides(orientation) ? width : height;
  const int columns = SwapsSides(orientation) ? height : width;
  uint8_t* out = to.data();
  for (int y = 0; y < rows; ++y) {
    ptrdiff_t at = walk.start + y * walk.step_y;
    for (int x = 0; x < columns; ++x, at += walk.step_x, out += 3) {
      std::copy_n(from.data() + at * 3, 3, out);
    }
  }
}

}  // namespace flowtrain
