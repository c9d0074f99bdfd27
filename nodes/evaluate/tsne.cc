#include "nodes/evaluate/tsne.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace flowtrain {
namespace {

constexpr int kSteps = 750, kExaggeratedSteps = 250;
constexpr double kExaggeration = 12;
constexpr double kLeastGain = 0.01;

// p(j | i) of row `i`, whose entropy is log(perplexity): its precision is found by bisection.
void FillRow(std::span<const double> squared, size_t i, double perplexity, std::span<double> row) {
  double nearest = HUGE_VAL;
  for (size_t j = 0; j < row.size(); ++j) {
    if (j != i) nearest = std::min(nearest, squared[j]);
  }
  double precision = 1, low = 0, high = HUGE_VAL;
  for (int attempt = 0; attempt < 64; ++attempt) {
    double sum = 0, weighted = 0;
    for (size_t j = 0; j < row.size(); ++j) {
      // Relative to the nearest, whose weight is 1: all others may vanish.
      row[j] = j == i ? 0 : std::exp(-precision * (squared[j] - nearest));
      sum += row[j];
      weighted += row[j] * (squared[j] - nearest);
    }
    const double entropy = std::log(sum) + precision * weighted / sum;
    for (double& share : row) share /= sum;
    const double off = entropy - std::log(perplexity);
    if (std::abs(off) < 1e-5) return;
    (off > 0 ? low : high) = precision;
    precision = std::isinf(high) ? precision * 2 : (low + high) / 2;
  }
}

// The symmetric p of all pairs; they sum to 1.
std::vector<double> Affinities(std::span<const double> squared, size_t count) {
  std::vector<double> given(count * count);
  for (size_t i = 0; i < count; ++i) {
    FillRow(squared.subspan(i * count, count), i, TsnePerplexity(count),
            std::span(given).subspan(i * count, count));
  }
  std::vector<double> both(count * count);
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < count; ++j) {
      both[i * count + j] =
          (given[i * count + j] + given[j * count + i]) / (2 * static_cast<double>(count));
    }
  }
  return both;
}

struct Forces {
  std::vector<MapPoint> attraction, repulsion;
  double sum = 0;  // of all weights: the denominator of q
};

// Each pair once.
void Push(std::span<const double> p, const std::vector<MapPoint>& at, Forces& forces) {
  const size_t count = at.size();
  forces.attraction.assign(count, {});
  forces.repulsion.assign(count, {});
  forces.sum = 0;
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < i; ++j) {
      const double dx = at[i].x - at[j].x, dy = at[i].y - at[j].y;
      const double weight = 1 / (1 + dx * dx + dy * dy);  // Student's t, one degree of freedom
      const double pull = p[i * count + j] * weight, push = weight * weight;
      forces.sum += 2 * weight;
      forces.attraction[i].x += pull * dx, forces.attraction[i].y += pull * dy;
      forces.attraction[j].x -= pull * dx, forces.attraction[j].y -= pull * dy;
      forces.repulsion[i].x += push * dx, forces.repulsion[i].y += push * dy;
      forces.repulsion[j].x -= push * dx, forces.repulsion[j].y -= push * dy;
    }
  }
}

// One coordinate of one point: gradient descent with momentum and a gain of its own, which grows
// while the gradient keeps its direction (as in van der Maaten's program).
struct Descent {
  double gain = 1, velocity = 0;

  double Step(double gradient, double rate, double momentum) {
    const bool turned = (gradient > 0) == (velocity > 0);
    gain = std::max(kLeastGain, turned ? gain * 0.8 : gain + 0.2);
    velocity = momentum * velocity - rate * gain * gradient;
    return velocity;
  }
};

}  // namespace

double TsnePerplexity(size_t points) {
  return std::clamp((static_cast<double>(points) - 1) / 3, 1.0, 30.0);
}

std::vector<MapPoint> Tsne(std::span<const double> squared_distances, std::vector<MapPoint> start) {
  std::vector<MapPoint> at = std::move(start);
  if (at.size() < 2) return at;
  const std::vector<double> p = Affinities(squared_distances, at.size());
  // Belkina et al., "Automated optimized parameters for t-SNE" (2019), but for small sets.
  const double rate = std::max(static_cast<double>(at.size()) / kExaggeration, 50.0);
  std::vector<Descent> across(at.size()), down(at.size());
  Forces forces;
  for (int step = 0; step < kSteps; ++step) {
    const bool early = step < kExaggeratedSteps;
    const double pull = early ? kExaggeration : 1, momentum = early ? 0.5 : 0.8;
    Push(p, at, forces);
    for (size_t i = 0; i < at.size(); ++i) {
      const MapPoint& in = forces.attraction[i];
      const MapPoint& out = forces.repulsion[i];
      at[i].x += across[i].Step(4 * (pull * in.x - out.x / forces.sum), rate, momentum);
      at[i].y += down[i].Step(4 * (pull * in.y - out.y / forces.sum), rate, momentum);
    }
  }
  return at;
}

}  // namespace flowtrain
