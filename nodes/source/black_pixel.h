// The image of a sample that stands for none.
#pragma once

#include <array>
#include <cstdint>

#include "nodes/image/image_sample.h"

namespace flowtrain {

inline constexpr std::array<uint8_t, 3> kBlack{};

inline void BecomeBlackPixel(ImageSample& image) {
  image.decoded = true;
  image.encoded = {};
  static_cast<Pixels&>(image.image) = WholeImage(kBlack, 1, 1);
}

}  // namespace flowtrain
