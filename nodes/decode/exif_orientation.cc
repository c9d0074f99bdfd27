#include "nodes/decode/exif_orientation.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace flowtrain {
namespace {

constexpr uint16_t kOrientationTag = 0x0112, kShortType = 3, kLongType = 4;
constexpr std::string_view kName("Exif\0\0", 6), kXmpName("http://ns.adobe.com/xap/1.0/\0", 29);

std::string_view AsText(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

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

// -1 for what is none.
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

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

std::optional<int> ExifOrientation(std::span<const uint8_t> app1) {
  return AsText(app1).starts_with(kName) ? TiffOrientation(app1) : std::nullopt;
}

std::optional<int> TiffOrientation(std::span<const uint8_t> block) {
  if (AsText(block).starts_with(kName)) block = block.subspan(kName.size());
  const TiffReader tiff(block);
  if (block.size() < 8 || block[0] != block[1] || (block[0] != 'I' && block[0] != 'M') ||
      tiff.Short(2) != 42) {
    return std::nullopt;
  }
  const size_t directory = tiff.Long(4);
  const size_t entries = tiff.Short(directory);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (tiff.Short(entry) != kOrientationTag) continue;
    const uint16_t type = tiff.Short(entry + 2);
    if (type != kShortType && type != kLongType) return 1;
    const uint32_t orientation = type == kShortType ? tiff.Short(entry + 8) : tiff.Long(entry + 8);
    return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
  }
  return std::nullopt;
}

std::optional<int> RawProfileOrientation(std::string_view text) {
  size_t at = 0;
  for (int line = 0; line < 3; ++line) {  // none, the profile's name, its length
    at = text.find('\n', at);
    if (at == std::string_view::npos) return std::nullopt;
    ++at;
  }
  constexpr size_t kMostBytes = 65536;  // of an APP1 segment, which the profile was
  std::vector<uint8_t> profile;
  int high = -1;
  for (; at < text.size() && profile.size() < kMostBytes; ++at) {
    const int digit = HexDigit(text[at]);
    if (digit < 0) continue;  // the end of a line
    if (high >= 0) profile.push_back(static_cast<uint8_t>(high << 4 | digit));
    high = high >= 0 ? -1 : digit;
  }
  return TiffOrientation(profile);
}

std::optional<int> XmpOrientation(std::string_view packet) {
  constexpr std::string_view kProperty = "tiff:Orientation";
  for (size_t at = packet.find(kProperty); at != packet.npos; at = packet.find(kProperty, at)) {
    at += kProperty.size();
    std::string_view value = packet.substr(at);
    if (value.starts_with("=\"")) {
      value.remove_prefix(2);
    } else if (value.starts_with('>')) {
      value.remove_prefix(1);
    } else {
      continue;
    }
    if (value.empty() || value[0] < '0' || value[0] > '9') continue;
    return value[0] >= '1' && value[0] <= '8' ? value[0] - '0' : 1;
  }
  return std::nullopt;
}

std::optional<std::string_view> XmpOfSegment(std::span<const uint8_t> app1) {
  const std::string_view text = AsText(app1);
  if (!text.starts_with(kXmpName)) return std::nullopt;
  return text.substr(kXmpName.size());
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
