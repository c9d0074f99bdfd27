// Images that the benchmarks work on.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "nodes/data/draw_picture.h"
#include "tests/support/files.h"
#include "tests/support/image_files.h"

namespace flowtrain::bench {

// Sizes of a data set's image: STL-10's, and a photo's.
inline constexpr int kSmallSide = 96, kPhotoHeight = 533, kPhotoWidth = 400;

// A picture of the sample set, of which a part is taken where it is not square.
inline Raw Picture(int height, int width) {
  const int side = std::max(height, width);
  Bytes square(size_t{3} * static_cast<size_t>(side) * static_cast<size_t>(side));
  DrawPicture(1, 2, 3, side, square);
  Raw picture{height, width, 3, {}};
  for (int y = 0; y < height; ++y) {
    const auto row = square.begin() + int64_t{3} * y * side;
    picture.values.insert(picture.values.end(), row, row + int64_t{3} * width);
  }
  return picture;
}

// $FLOWTRAIN_BENCH_JPEG, a file or a folder of which every JPEG is taken; without it a picture
// encoded at the size of a photo.
inline std::vector<Bytes> Jpegs() {
  const char* path = std::getenv("FLOWTRAIN_BENCH_JPEG");
  if (path == nullptr) {
    JpegOptions options;
    options.quality = 90;
    return {WriteJpeg(Picture(kPhotoHeight, kPhotoWidth), options)};
  }
  std::vector<Bytes> files;
  const auto read = [&files](const std::filesystem::path& file) {
    files.push_back(ReadBytes(file));
  };
  if (!std::filesystem::is_directory(path)) {
    read(path);
    return files;
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.path().extension() == ".jpg") read(entry.path());
  }
  return files;
}

}  // namespace flowtrain::bench
