#include "nodes/data/draw_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "pipeline/base/philox.h"

namespace flowtrain {
namespace {

constexpr Colour kGrey = {0.5f, 0.5f, 0.5f};
constexpr float kTurn = 2 * std::numbers::pi_v<float>;

// A grey of some brightness, tinted. Every figure has its own, so that pictures cannot be told apart by their
// colours: a contrastive loss would then learn colours and nothing else.
Colour RandomColour(Rng& rng, float darkest, float brightest) {
  constexpr float kTint = 0.25f;
  const float grey = rng.Uniform(darkest, brightest);
  auto component = [&] { return std::clamp(grey + rng.Uniform(-kTint, kTint), 0.0f, 1.0f); };
  return {component(), component(), component()};
}

Colour DarkColour(Rng& rng) { return RandomColour(rng, 0, 0.25f); }
Colour LightColour(Rng& rng) { return RandomColour(rng, 0.75f, 1); }

// Smooth noise around grey: random colours on a lattice, eased between.
class ColourNoise {
 public:
  ColourNoise(Rng& rng, int cells, float spread) : cells_(cells) {
    const int points = (cells + 1) * (cells + 1);
    for (int i = 0; i < points; ++i) {
      const float grey = rng.Uniform(-1, 1);
      auto component = [&] { return spread * (0.8f * grey + 0.45f * rng.Uniform(-1, 1)); };
      lattice_[static_cast<size_t>(i)] = {component(), component(), component()};
    }
  }

  Colour At(float x, float y) const {  // of the unit square
    const float across = x * static_cast<float>(cells_), down = y * static_cast<float>(cells_);
    const int column = static_cast<int>(across), row = static_cast<int>(down);
    const float u = Ease(across - static_cast<float>(column));
    const float v = Ease(down - static_cast<float>(row));
    const Colour* corner = &lattice_[static_cast<size_t>(row * (cells_ + 1) + column)];
    return Mix(Mix(corner[0], corner[1], u), Mix(corner[cells_ + 1], corner[cells_ + 2], u), v);
  }

  static constexpr int kMaxCells = 12;

 private:
  static float Ease(float t) { return t * t * (3 - 2 * t); }

  int cells_;
  std::array<Colour, (kMaxCells + 1) * (kMaxCells + 1)> lattice_;
};

// Two octaves of noise. All pictures have the same mixture, and none a colour of its own, since a
// contrastive loss would tell pictures apart by it.
void DrawBackground(Rng& rng, const Canvas& canvas) {
  const ColourNoise coarse(rng, 4, 0.15f), fine(rng, ColourNoise::kMaxCells, 0.06f);
  const float pixel = 1 / static_cast<float>(canvas.side);
  uint8_t* out = canvas.rgb;
  for (int row = 0; row < canvas.side; ++row) {
    const float y = (static_cast<float>(row) + 0.5f) * pixel;
    for (int column = 0; column < canvas.side; ++column, out += 3) {
      const float x = (static_cast<float>(column) + 0.5f) * pixel;
      const Colour a = coarse.At(x, y), b = fine.At(x, y);
      auto byte = [](float value) {
        return static_cast<uint8_t>(std::clamp(0.5f + value, 0.0f, 1.0f) * 255 + 0.5f);
      };
      out[0] = byte(a.r + b.r);
      out[1] = byte(a.g + b.g);
      out[2] = byte(a.b + b.b);
    }
  }
}

Figure RandomFigure(Rng& rng, Outline outline, Fill fill, float radius, float contrast) {
  Figure figure;
  figure.outline = outline;
  figure.fill = fill;
  figure.radius = radius;
  figure.x = rng.Uniform(0.05f, 0.95f);
  figure.y = rng.Uniform(0.05f, 0.95f);
  figure.angle = rng.Uniform(0, kTurn);
  // Both differ from the background in brightness, so they are seen in a grey view too.
  figure.colour = Mix(kGrey, DarkColour(rng), contrast);
  figure.second = Mix(kGrey, LightColour(rng), contrast);
  figure.frequency = rng.Uniform(1.2f, 1.8f);
  for (float& phase : figure.wobble) phase = rng.Uniform(0, kTurn);
  return figure;
}

void DrawClutter(Rng& rng, const Canvas& canvas, uint64_t at_most) {
  const uint64_t count = rng.Below(at_most + 1);
  for (uint64_t i = 0; i < count; ++i) {
    Draw(canvas, RandomFigure(rng, Outline::kPatch, Fill::kPlain, rng.Uniform(0.03f, 0.09f), 1));
  }
}

// Figures of all outlines cover as much of a picture.
float RadiusOfSameArea(Outline outline) {
  switch (outline) {
    case Outline::kDisc:
      return 0.93f;
    case Outline::kRing:
      return 0.98f;
    case Outline::kCross:
      return 1.07f;
    case Outline::kPatch:
      return 1;
  }
  return 1;
}

// Moves the figure, a few times at most, until it does not hide under those before it.
void FindFreePlace(Rng& rng, std::span<const Figure> before, Figure& figure) {
  for (int attempt = 0; attempt < 12; ++attempt) {
    const bool free = std::none_of(before.begin(), before.end(), [&](const Figure& other) {
      return std::hypot(figure.x - other.x, figure.y - other.y) <
             0.85f * (figure.radius + other.radius);
    });
    if (free) return;
    figure.x = rng.Uniform(0.05f, 0.95f);
    figure.y = rng.Uniform(0.05f, 0.95f);
  }
}

}  // namespace

void DrawPicture(uint64_t seed, uint64_t id, int label, int side, std::span<uint8_t> rgb) {
  Rng rng({seed, 0, id, kSampleSet});
  const Canvas canvas{rgb.data(), side};
  DrawBackground(rng, canvas);
  DrawClutter(rng, canvas, 2);
  const auto outline = static_cast<Outline>(label / kFills);
  const auto fill = static_cast<Fill>(label % kFills);
  const float contrast = rng.Uniform(0.5f, 1);
  std::array<Figure, 9> figures;
  const size_t count = 5 + rng.Below(figures.size() - 4);
  for (size_t i = 0; i < count; ++i) {
    figures[i] = RandomFigure(rng, outline, fill,
                              rng.Uniform(0.11f, 0.23f) * RadiusOfSameArea(outline), contrast);
    if (i % 2 == 0) std::swap(figures[i].colour, figures[i].second);
    FindFreePlace(rng, std::span(figures).first(i), figures[i]);
    Draw(canvas, figures[i]);
  }
  DrawClutter(rng, canvas, 1);
}

}  // namespace flowtrain
