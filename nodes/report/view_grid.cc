#include "nodes/report/view_grid.h"

#include <algorithm>
#include <cstddef>

namespace flowtrain {
namespace {

constexpr int kGap = 2;  // pixels between views

}  // namespace

ViewGrid MakeViewGrid(const ViewPairs& pairs) {
  constexpr int kRows = 2;
  const auto extent = [&pairs](int views) { return views * (pairs.side + kGap) - kGap; };
  ViewGrid grid{extent(kRows), extent(pairs.pairs), {}};
  grid.pixels.assign(static_cast<size_t>(grid.height) * static_cast<size_t>(grid.width) * 3, 255);
  const auto line_bytes = static_cast<ptrdiff_t>(pairs.side) * 3;
  auto from = pairs.pixels.begin();
  for (int row = 0; row < kRows; ++row) {
    for (int column = 0; column < pairs.pairs; ++column) {
      const ptrdiff_t top = row * (pairs.side + kGap), left = column * (pairs.side + kGap);
      for (ptrdiff_t y = 0; y < pairs.side; ++y, from += line_bytes) {
        const ptrdiff_t to = ((top + y) * grid.width + left) * 3;
        std::copy_n(from, line_bytes, grid.pixels.begin() + to);
      }
    }
  }
  return grid;
}

}  // namespace flowtrain
