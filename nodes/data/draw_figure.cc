#include "nodes/data/draw_figure.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace flowtrain {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

// A point in the figure's own frame: turned back, in units of its radius.
struct Point {
  float u, v;
};

float Box(Point p, float half_width, float half_height) {
  return std::max(std::fabs(p.u) - half_width, std::fabs(p.v) - half_height);
}

float Patch(Point p, const Figure& figure) {
  const float turn = std::atan2(p.v, p.u);
  return std::hypot(p.u, p.v) - 0.82f - 0.11f * std::sin(2 * turn + figure.wobble[0]) -
         0.07f * std::sin(3 * turn + figure.wobble[1]);
}

// Signed distance to the outline, roughly, in radii; negative inside.
float Distance(Point p, const Figure& figure) {
  switch (figure.outline) {
    case Outline::kDisc:
      return std::hypot(p.u, p.v) - 0.9f;
    case Outline::kRing:
      return std::fabs(std::hypot(p.u, p.v) - 0.7f) - 0.26f;
    case Outline::kCross:
      return std::min(Box(p, 0.95f, 0.3f), Box(p, 0.3f, 0.95f));
    case Outline::kPatch:
      return Patch(p, figure);
  }
  return 1;
}

// A wave in [-1, 1] of the fill at p; its sign says which of the two colours p has.
float Wave(Point p, const Figure& figure) {
  const float turns = 2 * kPi * figure.frequency;
  switch (figure.fill) {
    case Fill::kPlain:
      return -1;
    case Fill::kStripes:
      return std::sin(turns * p.u);
    case Fill::kChecks:
      return std::sin(turns * p.u) * std::sin(turns * p.v);
    case Fill::kHalves:
      return std::clamp(turns * p.u, -1.0f, 1.0f);
    case Fill::kRim:
      return std::clamp(turns * (Distance(p, figure) + 0.25f), -1.0f, 1.0f);
    case Fill::kQuarters:
      return std::clamp(turns * p.u, -1.0f, 1.0f) * std::clamp(turns * p.v, -1.0f, 1.0f);
    case Fill::kBands:
      return std::sin(turns * std::hypot(p.u, p.v));
  }
  return -1;
}

void Blend(uint8_t* pixel, const Colour& colour, float share) {
  const float wanted[3] = {colour.r, colour.g, colour.b};
  for (int channel = 0; channel < 3; ++channel) {
    const float old = pixel[channel];
    pixel[channel] = static_cast<uint8_t>(old + (wanted[channel] * 255 - old) * share + 0.5f);
  }
}

}  // namespace

void Draw(const Canvas& canvas, const Figure& figure) {
  const float side = static_cast<float>(canvas.side);
  const float radius = figure.radius * side;
  const float centre_x = figure.x * side, centre_y = figure.y * side;
  const float cosine = std::cos(figure.angle) / radius, sine = std::sin(figure.angle) / radius;
  // Edges are one pixel wide: of the outline, and of the fill, whose steepest slope is this.
  const float gain = radius / (2 * kPi * figure.frequency);
  const int left = std::max(0, static_cast<int>(centre_x - radius) - 1);
  const int right = std::min(canvas.side, static_cast<int>(centre_x + radius) + 2);
  const int top = std::max(0, static_cast<int>(centre_y - radius) - 1);
  const int bottom = std::min(canvas.side, static_cast<int>(centre_y + radius) + 2);
  for (int y = top; y < bottom; ++y) {
    for (int x = left; x < right; ++x) {
      const float dx = static_cast<float>(x) + 0.5f - centre_x;
      const float dy = static_cast<float>(y) + 0.5f - centre_y;
      const Point p{dx * cosine + dy * sine, dy * cosine - dx * sine};
      const float share = std::clamp(0.5f - Distance(p, figure) * radius, 0.0f, 1.0f);
      if (share == 0) continue;
      const float second = std::clamp(0.5f + Wave(p, figure) * gain, 0.0f, 1.0f);
      Blend(canvas.rgb + (static_cast<size_t>(y) * static_cast<size_t>(canvas.side) +
                          static_cast<size_t>(x)) *
                             3,
            Mix(figure.colour, figure.second, second), share);
    }
  }
}

}  // namespace flowtrain
