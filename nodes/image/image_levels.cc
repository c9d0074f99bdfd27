#include "nodes/image/image_levels.h"

#include "nodes/image/simd/kernels.h"

namespace flowtrain {
namespace {

int Half(int length) { return (length + 1) / 2; }

}  // namespace

ImageLevel LevelOf(int height, int width, int level) {
  ImageLevel found{0, height, width};
  for (int i = 0; i < level; ++i) {
    found = {found.offset + found.bytes(), Half(found.height), Half(found.width)};
  }
  return found;
}

size_t LevelBytes(int height, int width, int levels) {
  return LevelOf(height, width, levels).offset;
}

void MakeLevels(const LevelRange& range, RgbImage& image) {
  if (range.last == 0) return;
  const int height = image.height, width = image.width;
  const size_t bytes = LevelBytes(height, width, range.last + 1);
  if (image.pixels.data() != image.storage.data()) {
    image.storage.assign(image.pixels.begin(), image.pixels.end());
  }
  image.ResizeStorage(bytes);
  for (int i = 0; i < range.last; ++i) {
    const ImageLevel from = LevelOf(height, width, i), to = LevelOf(height, width, i + 1);
    simd::HalveRgb(image.storage.data() + from.offset, static_cast<size_t>(from.height),
                   static_cast<size_t>(from.width), image.storage.data() + to.offset);
  }
  const ImageLevel first = LevelOf(height, width, range.first);
  image.pixels = std::span(image.storage).subspan(first.offset);
  image.height = first.height;
  image.width = first.width;
  image.shrink = 1 << range.first;
  image.levels = range.last - range.first + 1;
}

}  // namespace flowtrain
