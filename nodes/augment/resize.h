// Resizing as PIL does it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace flowtrain {

// A rectangle of packed RGB pixels inside of a larger image.
struct RgbView {
  const uint8_t* pixels = nullptr;  // of its first row
  size_t row_bytes = 0;             // from one row to the next
  int height = 0, width = 0;
};

// Memory of a resize, kept so that the next one allocates nothing.
struct ResizeScratch {
  struct Taps {
    std::vector<int> first, count;  // by output place: the input places it is made of
    std::vector<int> weights;       // fixed point, `most` a place
    int most = 0;
  };
  Taps horizontal, vertical;
  std::vector<uint8_t> rows;
};

// Bilinear with antialiasing: a triangle filter whose support grows with the factor of shrinking,
// horizontally and then vertically, rounded to 8 bits after each, weights in 22-bit fixed point.
// Equals PIL's resize(BILINEAR) of the crop. Writes uint8 [height, width, 3] packed.
void ResizeBilinear(const RgbView& from, int height, int width, ResizeScratch& scratch,
                    uint8_t* to);

}  // namespace flowtrain
