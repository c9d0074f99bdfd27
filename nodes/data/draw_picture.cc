#include "nodes/data/draw_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "pipeline/base/philox.h"

namespace flowtrain {
namespace {

constexpr float kTurn = 2 * std::numbers::pi_v<float>;

// A grey of some brightness, tinted. Tints are weak and every figure has its own, so that pictures
// cannot be told apart by their colours: a contrastive loss would then learn colours and nothing
// else.
Colour RandomColour(Rng& rng, float darkest, float brightest, float tint) {
  const float grey = rng.Uniform(darkest, brightest);
  auto component = [&] { return std::clamp(grey + rng.Uniform(-tint, tint), 0.0f, 1.0f); };
  return {component(), component(), component()};
}

Colour BackgroundColour(Rng& rng) { return RandomColour(rng, 0.35f, 0.6f, 0.08f); }

// Differs from `other` enough in brightness to be seen in a grey view too.
Colour ContrastingColour(Rng& rng, const Colour& other) {
  for (;;) {
    const Colour colour = RandomColour(rng, 0.0f, 1.0f, 0.25f);
    if (std::fabs(Luminance(colour) - Luminance(other)) > 0.25f) return colour;
  }
}

// Smooth noise in [0, 1]: random values on a lattice, eased between.
class ValueNoise {
 public:
  ValueNoise(Rng& rng, int cells) : cells_(cells) {
    const int points = (cells + 1) * (cells + 1);
    for (int i = 0; i < points; ++i) lattice_[static_cast<size_t>(i)] = rng.Uniform();
  }

  float At(float x, float y) const {  // of the unit square
    const float across = x * static_cast<float>(cells_), down = y * static_cast<float>(cells_);
    const int column = static_cast<int>(across), row = static_cast<int>(down);
    const float u = Ease(across - static_cast<float>(column));
    const float v = Ease(down - static_cast<float>(row));
    const float* corner = &lattice_[static_cast<size_t>(row * (cells_ + 1) + column)];
    const float upper = corner[0] + (corner[1] - corner[0]) * u;
    const float lower = corner[cells_ + 1] + (corner[cells_ + 2] - corner[cells_ + 1]) * u;
    return upper + (lower - upper) * v;
  }

  static constexpr int kMaxCells = 24;

 private:
  static float Ease(float t) { return t * t * (3 - 2 * t); }

  int cells_;
  std::array<float, (kMaxCells + 1) * (kMaxCells + 1)> lattice_;
};

// Two colours mixed by a gradient and two octaves of noise. Returns their mean.
Colour DrawBackground(Rng& rng, const Canvas& canvas) {
  const Colour base = BackgroundColour(rng);
  const Colour other = BackgroundColour(rng);
  const float angle = rng.Uniform(0, kTurn);
  const float cosine = std::cos(angle), sine = std::sin(angle);
  const float gradient = rng.Uniform(0, 0.7f), coarse = rng.Uniform(0.2f, 1.0f);
  const float fine = rng.Uniform(0, 0.6f);
  const ValueNoise coarse_noise(rng, 2 + static_cast<int>(rng.Below(5)));
  const ValueNoise fine_noise(rng, 8 + static_cast<int>(rng.Below(17)));
  const float pixel = 1 / static_cast<float>(canvas.side);
  uint8_t* out = canvas.rgb;
  for (int row = 0; row < canvas.side; ++row) {
    const float y = (static_cast<float>(row) + 0.5f) * pixel;
    for (int column = 0; column < canvas.side; ++column, out += 3) {
      const float x = (static_cast<float>(column) + 0.5f) * pixel;
      const float wave = gradient * ((x - 0.5f) * cosine + (y - 0.5f) * sine) +
                         coarse * (coarse_noise.At(x, y) - 0.5f) +
                         fine * (fine_noise.At(x, y) - 0.5f);
      const Colour colour = Mix(base, other, std::clamp(0.5f + wave, 0.0f, 1.0f));
      out[0] = static_cast<uint8_t>(colour.r * 255 + 0.5f);
      out[1] = static_cast<uint8_t>(colour.g * 255 + 0.5f);
      out[2] = static_cast<uint8_t>(colour.b * 255 + 0.5f);
    }
  }
  return Mix(base, other, 0.5f);
}

Figure RandomFigure(Rng& rng, FigureKind kind, float radius, const Colour& background) {
  Figure figure;
  figure.kind = kind;
  figure.radius = radius;
  figure.x = rng.Uniform(0.05f, 0.95f);
  figure.y = rng.Uniform(0.05f, 0.95f);
  figure.angle = rng.Uniform(0, kTurn);
  figure.colour = ContrastingColour(rng, background);
  figure.second = ContrastingColour(rng, figure.colour);
  figure.frequency = rng.Uniform(1.2f, 2.2f);
  for (float& phase : figure.wobble) phase = rng.Uniform(0, kTurn);
  return figure;
}

void DrawClutter(Rng& rng, const Canvas& canvas, const Colour& background, uint64_t at_most) {
  const uint64_t count = rng.Below(at_most + 1);
  for (uint64_t i = 0; i < count; ++i) {
    const bool bar = rng.Bernoulli(0.5f);
    const float radius = bar ? rng.Uniform(0.08f, 0.3f) : rng.Uniform(0.03f, 0.09f);
    Draw(canvas, RandomFigure(rng, bar ? FigureKind::kBar : FigureKind::kBlob, radius, background));
  }
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
  const Colour background = DrawBackground(rng, canvas);
  DrawClutter(rng, canvas, background, 4);
  std::array<Figure, 6> figures;
  const size_t count = 3 + rng.Below(figures.size() - 2);
  const float typical = rng.Uniform(0.14f, 0.24f);  // figures of one picture have similar sizes
  for (size_t i = 0; i < count; ++i) {
    const float radius = typical * rng.Uniform(0.75f, 1.3f);
    figures[i] = RandomFigure(rng, static_cast<FigureKind>(label), radius, background);
    FindFreePlace(rng, std::span(figures).first(i), figures[i]);
    Draw(canvas, figures[i]);
  }
  DrawClutter(rng, canvas, background, 2);
}

}  // namespace flowtrain
