// Gaussian blur, as torchvision defines it.
#pragma once

#include <cstdint>
#include <vector>

namespace flowtrain {

// Convolves with the normalised samples exp(-(x / sigma)^2 / 2), x = -(kernel-1)/2 … (kernel-1)/2,
// along rows and columns, in float, rounded to uint8 once at the end. Beyond a border the image is
// mirrored at the border pixel's centre (… c b a b c …), as often as a wide kernel needs.
// Keeps its scratch from call to call. Not thread-safe.
class GaussianBlur {
 public:
  // In place on packed RGB. `kernel` odd, `sigma` > 0, both in pixels.
  void Apply(uint8_t* rgb, int height, int width, int kernel, float sigma);

 private:
  void BlurRows(const uint8_t* rgb, int height, int width);
  void BlurColumns(uint8_t* rgb, int height, int width);

  std::vector<float> weights_;
  std::vector<float> padded_;  // one row with its mirrored ends
  std::vector<float> rows_;    // all rows, blurred along x
  std::vector<float> sums_;    // of one output row
};

}  // namespace flowtrain
