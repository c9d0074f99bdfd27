// Images that do not look like each other.
#pragma once

#include <algorithm>
#include <cmath>

#include "tests/support/image_files.h"

namespace flowtrain {

// Soft blobs of random places and colours, drawn at any size: the same `seed` is the same picture,
// `brighter` by grey levels.
inline Raw TexturedImage(uint32_t seed, int height, int width, int brighter = 0) {
  struct Blob {
    double x, y, size, colour[3];
  };
  uint32_t state = seed * 2654435761u + 12345u;
  const auto draw = [&state] {
    state = state * 1664525u + 1013904223u;
    return static_cast<double>(state >> 8) / (1 << 24);
  };
  for (int i = 0; i < 8; ++i) draw();
  std::vector<Blob> blobs(9);
  for (Blob& blob : blobs) {
    blob = {draw(), draw(), 0.08 + 0.15 * draw(), {draw() - 0.5, draw() - 0.5, draw() - 0.5}};
  }
  Raw image{height, width, 3, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        double value = 120 + brighter;
        for (const Blob& blob : blobs) {
          const double dx = (x + 0.5) / width - blob.x, dy = (y + 0.5) / height - blob.y;
          value += 300 * blob.colour[c] * std::exp(-(dx * dx + dy * dy) / (blob.size * blob.size));
        }
        image.values.push_back(static_cast<uint8_t>(std::clamp(value, 0.0, 255.0)));
      }
    }
  }
  return image;
}

}  // namespace flowtrain
