// A figure that was measured several times.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace flowtrain {

struct Spread {
  double median = 0, low = 0, high = 0;
};

// Takes at least one value.
inline Spread SpreadOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

}  // namespace flowtrain
