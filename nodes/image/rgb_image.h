// A decoded image, and what part of one is wanted.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace flowtrain {

inline constexpr size_t kChannels = 3;  // red, green, blue

// The part of an image that is needed, in pixels of the upright image at its full size.
struct WantedPart {
  int top = 0, left = 0, height = 0, width = 0;
  int shrink = 1;  // 1, 2, 4 or 8: the image may be reduced by this, or by less
};

// Says what is needed of an image once its size is known. Thread-safe.
class PartChooser {
 public:
  virtual ~PartChooser() = default;
  // `height` and `width` of the upright image, at least 1. The part lies within it.
  virtual WantedPart Choose(int height, int width) const = 0;
};

// How pixels lie in memory, uint8.
enum class PixelLayout : uint8_t {
  kRgb,           // [height, width, 3]
  kColumnPlanes,  // [3, width, height]: three planes, by columns, as STL-10 stores them
};

// Decoded pixels, wherever they are: an image, or a part of it, perhaps reduced. A reduced image
// has ceil(full_height / shrink) x ceil(full_width / shrink) pixels, of which `pixels` holds the
// rectangle that begins at (top, left); a reduced pixel covers shrink x shrink of the full image.
// More `levels` may follow it (image_levels.h).
struct Pixels {
  std::span<const uint8_t> pixels;
  PixelLayout layout = PixelLayout::kRgb;
  int height = 0, width = 0;            // of the first level of `pixels`
  int full_height = 0, full_width = 0;  // of the image
  int top = 0, left = 0;                // where `pixels` begins in the reduced image
  int shrink = 1;                       // of the first level
  int levels = 1;
};

// A whole image of one level that is not reduced.
inline Pixels WholeImage(std::span<const uint8_t> pixels, int height, int width,
                         PixelLayout layout = PixelLayout::kRgb) {
  return {.pixels = pixels,
          .layout = layout,
          .height = height,
          .width = width,
          .full_height = height,
          .full_width = width};
}

// The same with memory of its own, which it need not use: `pixels` may as well be a view of the
// encoded bytes (Encoding::kRgb).
struct RgbImage : Pixels {
  std::vector<uint8_t> storage;  // keeps its capacity from image to image

  // Makes `storage` the place of a whole image of this size, and returns it.
  std::span<uint8_t> Resize(int new_height, int new_width) {
    ResizeStorage(kChannels * static_cast<size_t>(new_height) * static_cast<size_t>(new_width));
    static_cast<Pixels&>(*this) = WholeImage(storage, new_height, new_width);
    return storage;
  }
  // Keeps the contents.
  void ResizeStorage(size_t bytes) {
    if (storage.capacity() < bytes) storage.reserve(std::bit_ceil(bytes));  // seldom grows again
    storage.resize(bytes);
  }
};

}  // namespace flowtrain
