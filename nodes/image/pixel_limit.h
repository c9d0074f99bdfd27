// How large an image may be.
#pragma once

#include <cstdint>
#include <string>

namespace flowtrain {

// The most pixels of any image, and what a run allows unless it is told otherwise: beyond this
// Pillow raises DecompressionBombError (PIL/Image.py: twice its MAX_IMAGE_PIXELS). As RGB that is
// 512 MiB.
inline constexpr int64_t kMaxImagePixels = 178'956'970;

// A small file can claim a huge image, so what its header says is looked at before any memory is
// taken for its pixels. True: `why` says so. Sides are at least 0.
bool TooLarge(int64_t height, int64_t width, int64_t max_pixels, std::string* why);

}  // namespace flowtrain
