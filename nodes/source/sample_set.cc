#include "nodes/source/sample_set.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "pipeline/philox.h"

namespace flowtrain {
namespace {

struct Colour {
  float r, g, b;
};

Colour Mix(const Colour& a, const Colour& b, float share_of_b) {
  return {a.r + (b.r - a.r) * share_of_b, a.g + (b.g - a.g) * share_of_b,
          a.b + (b.b - a.b) * share_of_b};
}

Colour DrawColour(Rng& rng) { return {rng.Uniform(), rng.Uniform(), rng.Uniform()}; }

float Fraction(float x) { return x - std::floor(x); }
// A triangle wave of period 1 between 0 and 1.
float Triangle(float x) { return std::abs(2 * Fraction(x) - 1); }
// Below 0 inside of bars of period 1 that cover half of it.
float Bars(float x) { return std::abs(Fraction(x) - 0.5f) - 0.25f; }

// Distance of a point to the edge of the pattern, negative inside, in periods of the pattern.
float PatternDistance(int pattern, float u, float v) {
  const float x = Fraction(u) - 0.5f, y = Fraction(v) - 0.5f;  // in the cell of a grid
  const float ax = std::abs(x), ay = std::abs(y);
  const float radius = std::hypot(u, v);
  switch (pattern) {
    case 0:  // stripes
      return Bars(u);
    case 1:  // checks
      return (Triangle(u) - 0.5f) * (Triangle(v) - 0.5f);
    case 2:  // discs
      return std::hypot(x, y) - 0.3f;
    case 3:  // rings
      return std::abs(std::hypot(x, y) - 0.3f) - 0.08f;
    case 4:  // crosses
      return std::min(std::max(ax - 0.1f, ay - 0.38f), std::max(ay - 0.1f, ax - 0.38f));
    case 5:  // triangles
      return std::max(ax * 0.866f + y * 0.5f, -y) - 0.2f;
    case 6:  // zigzags
      return Bars(u + 0.6f * Triangle(v));
    case 7:  // circles about one centre
      return Bars(radius);
    case 8:  // rays from one centre
      return Bars(std::atan2(v, u) * 6 / std::numbers::pi_v<float>) * std::min(radius, 1.0f);
    default:  // frames
      return std::abs(std::max(ax, ay) - 0.3f) - 0.07f;
  }
}

// What is drawn of one picture before its pixels.
struct Scene {
  std::array<Colour, 2> background, foreground;
  float background_turn;
  float turn, scale;         // of the pattern
  float centre_x, centre_y;  // of the pattern and of the patch it fills
  float patch;               // radius of the patch; the picture is 2 wide
  struct Blot {
    float x, y, half_width, half_height;
    bool round;
    Colour colour;
  };
  std::array<Blot, 5> clutter;
};

Scene DrawScene(Rng& rng) {
  Scene scene{};
  for (Colour& colour : scene.background) colour = DrawColour(rng);
  for (Colour& colour : scene.foreground) colour = DrawColour(rng);
  // Two colours too much alike would hide the pattern: push the second to the other side of the
  // first.
  Colour& a = scene.foreground[0];
  Colour& b = scene.foreground[1];
  if (std::abs(a.r - b.r) + std::abs(a.g - b.g) + std::abs(a.b - b.b) < 0.8f) {
    b = {a.r < 0.5f ? a.r + 0.45f : a.r - 0.45f, a.g < 0.5f ? a.g + 0.45f : a.g - 0.45f,
         a.b < 0.5f ? a.b + 0.45f : a.b - 0.45f};
  }
  scene.background_turn = rng.Uniform(0, 2 * std::numbers::pi_v<float>);
  scene.turn = rng.Uniform(0, 2 * std::numbers::pi_v<float>);
  scene.scale = rng.Uniform(2.0f, 4.0f);
  scene.centre_x = rng.Uniform(-0.3f, 0.3f);
  scene.centre_y = rng.Uniform(-0.3f, 0.3f);
  scene.patch = rng.Uniform(0.75f, 1.3f);
  for (Scene::Blot& blot : scene.clutter) {
    blot = {rng.Uniform(-1, 1),       rng.Uniform(-1, 1),  rng.Uniform(0.04f, 0.2f),
            rng.Uniform(0.04f, 0.2f), rng.Bernoulli(0.5f), DrawColour(rng)};
  }
  return scene;
}

// Share of a pixel of width `pixel` that lies inside of an edge at distance `d`.
float Coverage(float d, float pixel) { return std::clamp(0.5f - d / pixel, 0.0f, 1.0f); }

Colour Shade(const Scene& scene, int pattern, float x, float y, float pixel) {
  const float along =
      0.5f + 0.5f * (x * std::cos(scene.background_turn) + y * std::sin(scene.background_turn));
  Colour colour = Mix(scene.background[0], scene.background[1], std::clamp(along, 0.0f, 1.0f));

  const float dx = x - scene.centre_x, dy = y - scene.centre_y;
  const float u = (dx * std::cos(scene.turn) + dy * std::sin(scene.turn)) * scene.scale;
  const float v = (dy * std::cos(scene.turn) - dx * std::sin(scene.turn)) * scene.scale;
  const float inside = Coverage(PatternDistance(pattern, u, v), pixel * scene.scale);
  const float on_patch = Coverage(std::hypot(dx, dy) - scene.patch, pixel);
  colour = Mix(colour, Mix(scene.foreground[0], scene.foreground[1], inside), on_patch);

  for (const Scene::Blot& blot : scene.clutter) {
    const float bx = (x - blot.x) / blot.half_width, by = (y - blot.y) / blot.half_height;
    const float d = blot.round ? std::hypot(bx, by) - 1 : std::max(std::abs(bx), std::abs(by)) - 1;
    colour = Mix(colour, blot.colour, Coverage(d * blot.half_width, pixel));
  }
  return colour;
}

uint8_t Byte(float value, float noise) {
  return static_cast<uint8_t>(std::clamp((value + noise) * 255.0f + 0.5f, 0.0f, 255.0f));
}

// Pictures in memory; picture i has number first + i.
class DrawnSet final : public ImageSet {
 public:
  DrawnSet(uint64_t seed, uint64_t first, uint64_t images, int size)
      : first_(first), images_(images), size_(size), bytes_(images * BytesEach()) {
    tbb::parallel_for(uint64_t{0}, images, [&](uint64_t i) {
      DrawSamplePicture(seed, first + i, ClassOf(i), size,
                        std::span(bytes_).subspan(i * BytesEach(), BytesEach()));
    });
  }

  uint64_t size() const override { return images_; }
  Encoding encoding() const override { return Encoding::kRgb; }
  EncodedImage Fetch(uint64_t id, std::vector<uint8_t>&) const override {
    EncodedImage image;
    image.bytes = std::span(bytes_).subspan(id * BytesEach(), BytesEach());
    image.encoding = Encoding::kRgb;
    image.label = ClassOf(id);
    image.height = image.width = size_;
    return image;
  }
  std::string Name(uint64_t id) const override {
    return "sample picture " + std::to_string(first_ + id);
  }

 private:
  static int ClassOf(uint64_t i) { return static_cast<int>(i % kSampleClasses); }
  size_t BytesEach() const { return static_cast<size_t>(size_) * static_cast<size_t>(size_) * 3; }

  uint64_t first_, images_;
  int size_;
  std::vector<uint8_t> bytes_;
};

}  // namespace

void DrawSamplePicture(uint64_t seed, uint64_t id, int pattern, int size, std::span<uint8_t> rgb) {
  Rng rng({.seed = seed, .id = id, .purpose = kSampleSet});
  const Scene scene = DrawScene(rng);
  const float pixel = 2.0f / static_cast<float>(size);
  size_t at = 0;
  for (int row = 0; row < size; ++row) {
    for (int column = 0; column < size; ++column) {
      const Colour colour = Shade(scene, pattern, (static_cast<float>(column) + 0.5f) * pixel - 1,
                                  (static_cast<float>(row) + 0.5f) * pixel - 1, pixel);
      const float noise = rng.Uniform(-0.03f, 0.03f);
      rgb[at++] = Byte(colour.r, noise);
      rgb[at++] = Byte(colour.g, noise);
      rgb[at++] = Byte(colour.b, noise);
    }
  }
}

OpenedDataset OpenSampleSet(uint64_t seed, uint64_t images, int size) {
  OpenedDataset opened;
  opened.train = std::make_shared<DrawnSet>(seed, 0, images, size);
  opened.labelled.bank = opened.train;
  const uint64_t queries = std::max<uint64_t>(kSampleClasses, images / 4);
  opened.labelled.queries = std::make_shared<DrawnSet>(seed, images, queries, size);
  opened.labelled.classes = kSampleClasses;
  opened.description = "built-in sample set, " + std::to_string(size) + 'x' + std::to_string(size);
  return opened;
}

}  // namespace flowtrain
