// What an image looks like, in a few bytes: enough to find it again after it was scaled, compressed or
// made a little brighter.
#pragma once

#include <array>
#include <cstdint>

#include "nodes/image/rgb_image.h"

namespace flowtrain {

// A thumbnail in grey and, from it, which of two neighbours is the brighter: the difference hash
// (Krawetz: "Kind of Like That", 2013) along the rows and along the columns.
struct Look {
  static constexpr int kSide = 9;  // 8 differences along a row

  std::array<uint8_t, size_t{kSide} * kSide> grey{};  // means of parts of the image, row by row
  uint64_t across = 0, down = 0;                      // a bit a difference

  // Whether there is too little in it to compare: an image of one colour looks like many others.
  bool plain() const;
};

// Of a whole image of at least one pixel.
Look LookOf(const RgbImage& image);

// Whether two images are the same to the eye: at most kMostBits differences of each hash differ,
// and the thumbnails are equal but for brightness. Neither is plain.
inline constexpr int kMostBits = 4;  // of 64
bool LooksLike(const Look& one, const Look& two);

}  // namespace flowtrain
