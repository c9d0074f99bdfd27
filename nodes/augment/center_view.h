// The view an image is evaluated with: nothing random.
#pragma once

#include <cstdint>

#include "nodes/image/rgb_image.h"

namespace flowtrain {

// Resizes an image (any size from 1x1) so that its shorter side is `size` pixels, antialiased, and
// writes its central size x size pixels to `out`, packed RGB: torchvision's Resize(size),
// CenterCrop(size). Thread-safe; allocates scratch in each call. Throws std::logic_error for a part
// of an image or a reduced one, whose centre would be elsewhere.
void CenterView(const Pixels& image, int size, uint8_t* out);

}  // namespace flowtrain
