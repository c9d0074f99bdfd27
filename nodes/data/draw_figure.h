// The figures that pictures of the sample set are made of: shapes and textured patches, drawn with
// smooth edges.
#pragma once

#include <cstdint>

namespace flowtrain {

// Linear mix of two, components in [0, 1].
struct Colour {
  float r = 0, g = 0, b = 0;
};
inline Colour Mix(const Colour& a, const Colour& b, float share_of_b) {
  return {a.r + (b.r - a.r) * share_of_b, a.g + (b.g - a.g) * share_of_b,
          a.b + (b.b - a.b) * share_of_b};
}
inline float Luminance(const Colour& c) { return 0.299f * c.r + 0.587f * c.g + 0.114f * c.b; }

// A square RGB picture being drawn.
struct Canvas {
  uint8_t* rgb;  // [side, side, 3]
  int side;      // pixels
};

enum class Outline : uint8_t { kDisc, kRing, kCross, kPatch };  // kPatch: irregular
enum class Fill : uint8_t { kPlain, kStripes, kChecks, kHalves, kRim, kQuarters, kBands };

struct Figure {
  Outline outline = Outline::kDisc;
  Fill fill = Fill::kPlain;
  float x = 0.5f, y = 0.5f;  // centre, share of the picture's side
  float radius = 0.2f;       // share of the picture's side
  float angle = 0;           // radians
  Colour colour, second;     // `second` is the other colour of a fill that is not plain
  float frequency = 2;       // periods of stripes and checks per radius
  float wobble[2] = {0, 0};  // phases of a patch's outline, radians
};

void Draw(const Canvas& canvas, const Figure& figure);

}  // namespace flowtrain
