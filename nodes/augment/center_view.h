// The view an image is evaluated with: nothing random.
#pragma once

#include <cstdint>

namespace flowtrain {

// Resizes a packed height x width RGB image (any size from 1x1) so that its shorter side is `size`
// pixels, antialiased, and writes its central size x size pixels to `out`, packed RGB:
// torchvision's Resize(size), CenterCrop(size). Thread-safe; allocates scratch in each call.
void CenterView(const uint8_t* rgb, int height, int width, int size, uint8_t* out);

}  // namespace flowtrain
