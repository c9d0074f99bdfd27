// Draws the pictures of the built-in sample set.
#pragma once

#include <cstdint>
#include <span>

#include "nodes/data/draw_figure.h"

namespace flowtrain {

// Of each outline as many as there are fills.
inline constexpr int kFills = 7, kPictureClassCount = 3 * kFills;
inline constexpr const char* kPictureClasses[kPictureClassCount] = {
    "disc",           "striped disc",  "checked disc",   "halved disc",  "rimmed disc",
    "quartered disc", "banded disc",   "ring",           "striped ring", "checked ring",
    "halved ring",    "rimmed ring",   "quartered ring", "banded ring",  "cross",
    "striped cross",  "checked cross", "halved cross",   "rimmed cross", "quartered cross",
    "banded cross"};

// Draws picture `id` of the set of `seed`: figures of class `label` at random places, sizes and
// angles in random colours, over noise and among patches that are in pictures of every class. Only
// outline and fill tell the class. `rgb` is [side, side, 3], side >= 1. Depends on its arguments
// alone.
void DrawPicture(uint64_t seed, uint64_t id, int label, int side, std::span<uint8_t> rgb);

}  // namespace flowtrain
