// How likely it is that draws are of a distribution: chi-square and Kolmogorov-Smirnov.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace flowtrain {

// Draws of the right distribution are less likely than this once in a thousand sets of draws. The
// keys of the draws are fixed, so a test that passes does so every time.
inline constexpr double kLevel = 1e-3;

// Largest distance of the values' distribution from the uniform one on [0, 1] (Kolmogorov-Smirnov).
inline double DistanceFromUniform(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double distance = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto rank = static_cast<double>(i);
    distance = std::max({distance, values[i] - rank / n, (rank + 1) / n - values[i]});
  }
  return distance;
}

// A uniform sample exceeds it with probability kLevel.
inline double CriticalDistance(size_t n) { return 1.95 / std::sqrt(static_cast<double>(n)); }

// Probability that chi-square exceeds `value`: its cube root is nearly normal (Wilson, Hilferty
// 1931), to a few percent of the probability from three degrees of freedom on.
inline double ChiSquareTail(double value, double degrees) {
  const double variance = 2 / (9 * degrees);
  const double z = (std::cbrt(value / degrees) - (1 - variance)) / std::sqrt(variance);
  return 0.5 * std::erfc(z / std::sqrt(2.0));
}

// Whether counts are of the probabilities given: the probability of a chi-square as large. Each
// count should be expected 5 times at least.
inline double FitProbability(const std::vector<int>& counts,
                             const std::vector<double>& probabilities) {
  double total = 0, sum = 0;
  for (const int count : counts) total += count;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double expected = total * probabilities[i];
    sum += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  return ChiSquareTail(sum, static_cast<double>(counts.size()) - 1);
}

// Whether two histograms are of one distribution. Cells that are nearly empty are put together.
template <typename Counts>
double SameProbability(const Counts& a, const Counts& b) {
  constexpr double kLeast = 10;
  double total_a = 0, total_b = 0, sum = 0, rest_a = 0, rest_b = 0;
  int cells = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    total_a += a[i];
    total_b += b[i];
  }
  const auto add = [&](double in_a, double in_b) {
    const double apart = std::sqrt(total_b / total_a) * in_a - std::sqrt(total_a / total_b) * in_b;
    sum += apart * apart / (in_a + in_b);
    ++cells;
  };
  for (size_t i = 0; i < a.size(); ++i) {
    const double in_a = a[i], in_b = b[i];
    if (in_a + in_b >= kLeast) {
      add(in_a, in_b);
    } else {
      rest_a += in_a;
      rest_b += in_b;
    }
  }
  if (rest_a + rest_b > 0) add(rest_a, rest_b);
  return ChiSquareTail(sum, cells - 1);
}

// Whether two things that are drawn together are independent of each other. `counts` has `rows`
// rows, one a class of the first; empty rows and columns are left out.
inline double IndependenceProbability(const std::vector<int>& counts, size_t rows) {
  const size_t columns = counts.size() / rows;
  std::vector<double> in_row(rows), in_column(columns);
  double total = 0, sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    in_row[i / columns] += counts[i];
    in_column[i % columns] += counts[i];
    total += counts[i];
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    const double expected = in_row[i / columns] * in_column[i % columns] / total;
    if (expected > 0) sum += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  const auto used = [](const std::vector<double>& totals) {
    return static_cast<double>(
        std::count_if(totals.begin(), totals.end(), [](double count) { return count > 0; }));
  };
  return ChiSquareTail(sum, (used(in_row) - 1) * (used(in_column) - 1));
}

}  // namespace flowtrain
