#include "nodes/decode/orientation.h"

#include <cstring>
#include <utility>

#include "nodes/decode/rgb_image.h"

namespace flowtrain {
namespace {

// A TIFF structure in either byte order; reads beyond its end give 0.
class Tiff {
 public:
  explicit Tiff(std::span<const uint8_t> bytes)
      : bytes_(bytes), little_(bytes.size() > 1 && bytes[0] == 'I') {}

  uint32_t Number(size_t at, size_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      value = (value << 8) | bytes_[at + (little_ ? size - 1 - i : i)];
    }
    return value;
  }

 private:
  std::span<const uint8_t> bytes_;
  bool little_;
};

}  // namespace

int ReadExifOrientation(std::span<const uint8_t> app1) {
  constexpr size_t kHeader = 6;  // "Exif", 0, 0
  if (app1.size() < kHeader || std::memcmp(app1.data(), "Exif\0\0", kHeader) != 0) return 1;
  const Tiff tiff(app1.subspan(kHeader));
  const size_t directory = tiff.Number(4, 4);
  const uint32_t entries = tiff.Number(directory, 2);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + size_t{12} * i;
    if (tiff.Number(entry, 2) != 0x0112) continue;
    const uint32_t value = tiff.Number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

void Orient(int orientation, RgbImage& image) {
  if (orientation <= 1 || orientation > 8) return;
  // Rows and columns change places from 5 on; then each axis may run backwards.
  const bool transposed = orientation >= 5;
  const bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const int height = transposed ? image.width : image.height;
  const int width = transposed ? image.height : image.width;
  std::vector<uint8_t> turned(image.storage.size());
  uint8_t* to = turned.data();
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      int x = transposed ? row : column, y = transposed ? column : row;
      if (flip_x) x = image.width - 1 - x;
      if (flip_y) y = image.height - 1 - y;
      const size_t from =
          3 * (static_cast<size_t>(y) * static_cast<size_t>(image.width) + static_cast<size_t>(x));
      std::memcpy(to, image.storage.data() + from, 3);
      to += 3;
    }
  }
  image.storage = std::move(turned);
  image.height = height;
  image.width = width;
}

}  // namespace flowtrain
