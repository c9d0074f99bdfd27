#include "nodes/report/view_grid.h"

#include <gtest/gtest.h>

namespace flowtrain {
namespace {

TEST(ViewGrid, HasTheViewsOfAnImageBelowEachOther) {
  constexpr int kSide = 3, kPairs = 2, kCell = kSide + 2;
  ViewPairs pairs{kSide, kPairs, {}};
  for (uint8_t view = 0; view < 2 * kPairs; ++view) {
    for (uint8_t i = 0; i < kSide * kSide * 3; ++i) {
      pairs.pixels.push_back(static_cast<uint8_t>(50 * view + i));
    }
  }
  const ViewGrid grid = MakeViewGrid(pairs);
  ASSERT_EQ(grid.height, 8);
  ASSERT_EQ(grid.width, 8);
  ASSERT_EQ(grid.pixels.size(), 8U * 8 * 3);
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x) {
      const int row = y / kCell, column = x / kCell, v = y % kCell, h = x % kCell;
      const bool gap = v >= kSide || h >= kSide;
      for (int channel = 0; channel < 3; ++channel) {
        const int expected =
            gap ? 255 : 50 * (row * kPairs + column) + (v * kSide + h) * 3 + channel;
        EXPECT_EQ(grid.pixels[static_cast<size_t>((y * grid.width + x) * 3 + channel)], expected)
            << x << ' ' << y;
      }
    }
  }
}

}  // namespace
}  // namespace flowtrain
