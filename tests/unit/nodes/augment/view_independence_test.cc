// Nothing that is drawn for a view tells anything about what else is drawn: for the other view of
// the image, for other images, epochs and seeds, or for the same view.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <vector>

#include "nodes/augment/view_params.h"
#include "tests/unit/nodes/augment/distributions.h"

namespace flowtrain {
namespace {

constexpr uint64_t kManyDraws = 100'000;
constexpr int kImageSide = 96;  // of the image, pixels
constexpr size_t kParts = 8;

// Which of kParts equal parts of [low, high] a value is in.
size_t Part(double value, double low, double high) {
  const double part = std::floor((value - low) / (high - low) * kParts);
  return static_cast<size_t>(std::clamp(part, 0.0, kParts - 1.0));
}

size_t Place(int at, int extent) {
  return Part(at + 0.5, 0, static_cast<double>(kImageSide - extent + 1));
}

// A thing that is drawn, in classes.
struct Trait {
  const char* name;
  size_t classes;
  std::function<size_t(const ViewParams&)> of;
  bool of_crop = false;
};

const std::vector<Trait>& Traits() {
  using P = const ViewParams&;
  static const std::vector<Trait> traits = {
      {"area", kParts, [](P p) { return Part(p.height * p.width / 9216.0, 0.2, 1); }, true},
      {"ratio", kParts,
       [](P p) {
         const double log_ratio = std::log(static_cast<double>(p.width) / p.height);
         return Part(log_ratio, -std::log(4.0 / 3), std::log(4.0 / 3));
       },
       true},
      {"top", kParts, [](P p) { return Place(p.top, p.height); }, true},
      {"left", kParts, [](P p) { return Place(p.left, p.width); }, true},
      {"flip", 2, [](P p) { return size_t{p.flip}; }},
      {"jitter", 2, [](P p) { return size_t{p.jitter}; }},
      {"order", 256,
       [](P p) {  // of the first three; the fourth is what is left
         return static_cast<size_t>(p.order[0]) * 16 + static_cast<size_t>(p.order[1]) * 4 +
                static_cast<size_t>(p.order[2]);
       }},
      {"brightness", kParts, [](P p) { return Part(static_cast<double>(p.brightness), 0.6, 1.4); }},
      {"contrast", kParts, [](P p) { return Part(static_cast<double>(p.contrast), 0.6, 1.4); }},
      {"saturation", kParts, [](P p) { return Part(static_cast<double>(p.saturation), 0.6, 1.4); }},
      {"hue", kParts, [](P p) { return Part(static_cast<double>(p.hue), -0.1, 0.1); }},
      {"grey", 2, [](P p) { return size_t{p.grey}; }},
      {"blur", 2, [](P p) { return size_t{p.blur}; }},
      {"sigma", kParts, [](P p) { return Part(static_cast<double>(p.blur_sigma), 0.1, 2); }},
      {"solarize", 2, [](P p) { return size_t{p.solarize}; }},
  };
  return traits;
}

// The views of kManyDraws images.
std::vector<ViewParams> Views(uint64_t seed, uint64_t epoch, uint32_t view, uint64_t first_id = 0) {
  AugmentOptions options;
  options.solarize = 0.2;
  std::vector<ViewParams> views;
  for (uint64_t id = first_id; id < first_id + kManyDraws; ++id) {
    Rng rng({.seed = seed, .stream = epoch, .id = id, .purpose = kView + view});
    views.push_back(DrawViewParams(options, kImageSide, kImageSide, rng));
  }
  return views;
}

// Probability of a dependence as large by chance, of trait `a` of one and trait `b` of the other.
double Independence(const Trait& a, const std::vector<ViewParams>& one, const Trait& b,
                    const std::vector<ViewParams>& other) {
  std::vector<int> counts(a.classes * b.classes);
  for (size_t i = 0; i < one.size(); ++i) ++counts[a.of(one[i]) * b.classes + b.of(other[i])];
  return IndependenceProbability(counts, a.classes);
}

// Of each trait from the same trait of the other views. kLevel is for all traits together.
void ExpectIndependent(const std::vector<ViewParams>& one, const std::vector<ViewParams>& other) {
  const double level = kLevel / static_cast<double>(Traits().size());
  for (const Trait& trait : Traits()) {
    EXPECT_GT(Independence(trait, one, trait, other), level) << trait.name;
  }
}

TEST(ViewIndependence, OfTheTwoViewsOfAnImage) {
  ExpectIndependent(Views(42, 0, 0), Views(42, 0, 1));
}

TEST(ViewIndependence, OfOneImageAndTheNext) {
  ExpectIndependent(Views(42, 0, 0), Views(42, 0, 0, 1));
  ExpectIndependent(Views(42, 0, 0), Views(42, 0, 1, 1));
}

TEST(ViewIndependence, OfOneEpochAndTheNext) {
  ExpectIndependent(Views(42, 0, 0), Views(42, 1, 0));
  ExpectIndependent(Views(42, 0, 0), Views(42, 1, 1));
}

TEST(ViewIndependence, OfOneSeedAndTheNext) { ExpectIndependent(Views(42, 0, 0), Views(43, 0, 0)); }

// The crop's four numbers depend on each other, so they are tested against the others alone.
TEST(ViewIndependence, OfTheTraitsOfAView) {
  const std::vector<ViewParams> views = Views(42, 0, 0);
  const std::vector<Trait>& traits = Traits();
  const double level = kLevel / static_cast<double>(traits.size() * (traits.size() - 1) / 2);
  for (size_t i = 0; i < traits.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (traits[i].of_crop && traits[j].of_crop) continue;
      EXPECT_GT(Independence(traits[i], views, traits[j], views), level)
          << traits[i].name << ", " << traits[j].name;
    }
  }
}

// That the tests above see small things: one view in twenty is that of the other image.
TEST(ViewIndependence, OfViewsThatAreNotIsToldApart) {
  const std::vector<ViewParams> one = Views(42, 0, 0);
  std::vector<ViewParams> other = Views(42, 0, 1);
  for (size_t i = 0; i < other.size(); i += 20) other[i] = one[i];
  for (const Trait& trait : Traits()) {
    EXPECT_LT(Independence(trait, one, trait, other), 1e-6) << trait.name;
  }
}

}  // namespace
}  // namespace flowtrain
