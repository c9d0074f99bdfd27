#include "tools/measure/view_sizes.h"

#include <algorithm>
#include <cstddef>

namespace flowtrain {
namespace {

struct OfOneSize {
  int side, count;
};

std::vector<OfOneSize> BySize(const std::vector<int>& sides) {
  std::vector<OfOneSize> sizes;
  for (const int side : sides) {
    const auto found = std::find_if(sizes.begin(), sizes.end(),
                                    [side](const OfOneSize& size) { return size.side == side; });
    if (found == sizes.end()) {
      sizes.push_back({side, 1});
    } else {
      ++found->count;
    }
  }
  return sizes;
}

}  // namespace

std::optional<int> CommonSide(const std::vector<int>& sides) {
  if (BySize(sides).size() != 1) return std::nullopt;
  return sides.front();
}

std::string ShowViewSizes(const std::vector<int>& sides, const std::string& times) {
  const auto square = [&times](int side) {
    return std::to_string(side) + times + std::to_string(side);
  };
  if (const auto side = CommonSide(sides)) return square(*side);
  const std::vector<OfOneSize> sizes = BySize(sides);
  std::string text;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (i > 0) text += i + 1 == sizes.size() ? " and " : ", ";
    text += std::to_string(sizes[i].count) + " of " + square(sizes[i].side);
  }
  return text;
}

}  // namespace flowtrain
