// The view of an image that an evaluation looks at.
#pragma once

#include <cstdint>

namespace flowtrain {

// Resizes `rgb` (uint8 [height, width, 3], packed) so that its shorter side is `size`, and writes
// the centre, uint8 [size, size, 3], to `to`.
void CenterView(const uint8_t* rgb, int height, int width, int size, uint8_t* to);

}  // namespace flowtrain
