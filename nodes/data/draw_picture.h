// Draws the pictures of the built-in sample set.
#pragma once

#include <cstdint>
#include <span>

#include "nodes/data/draw_figure.h"

namespace flowtrain {

inline constexpr const char* kPictureClasses[kFigureClasses] = {
    "disc", "ring", "square", "triangle", "star", "cross", "stripes", "checks", "dots", "spiral"};

// Draws picture `id` of the set of `seed`: some figures of class `label` at random places, sizes
// and angles in random colours, over a random background, among clutter of the same kinds in every
// class. Only shape and texture tell the class. `rgb` is [side, side, 3], side >= 1. Depends on its
// arguments alone.
void DrawPicture(uint64_t seed, uint64_t id, int label, int side, std::span<uint8_t> rgb);

}  // namespace flowtrain
