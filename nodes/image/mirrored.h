// Borders of the blur.
#pragma once

#include <cstdlib>

namespace flowtrain {

// The pixel that stands for position `i` of an axis of n pixels, mirrored endlessly at the centres
// of its end pixels: … c b a b c ….
inline int Mirrored(int i, int n) {
  if (n == 1) return 0;
  i = std::abs(i);
  const int period = 2 * (n - 1);
  if (i > period) i %= period;  // a division is worth avoiding: most are near
  return i < n ? i : period - i;
}

}  // namespace flowtrain
