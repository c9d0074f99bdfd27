// The built-in data set: pictures that the program draws itself, so that it can be tried without
// any download.
#pragma once

#include <cstdint>
#include <span>

#include "nodes/source/dataset.h"

namespace flowtrain {

inline constexpr int kSampleClasses = 10;

// Draws picture `id` of a class (0 to 9) as uint8 [size, size, 3]. The class is the pattern:
// stripes, checks, discs, rings, crosses, triangles, zigzags, circles, rays, frames. Colours,
// place, size, turn, background and clutter are drawn anew for each picture, so colour alone does
// not tell the class. The same on every machine for (seed, id).
void DrawSamplePicture(uint64_t seed, uint64_t id, int pattern, int size, std::span<uint8_t> rgb);

// `images` pictures to train on, the classes in turn, and a quarter as many others as queries; the
// bank is the pictures trained on. Drawn when opened, in parallel.
OpenedDataset OpenSampleSet(uint64_t seed, uint64_t images, int size);

}  // namespace flowtrain
