#include "tools/preview/sheet_layout.h"

#include <gtest/gtest.h>

#include <vector>

namespace flowtrain {
namespace {

TEST(SheetLayout, SmallViewsAreEnlargedByOneFactor) {
  EXPECT_EQ(LayOutSheet({32, 32}, 1, 1).scale, 3);
  EXPECT_EQ(LayOutSheet({96}, 1, 1).scale, 1);
  EXPECT_EQ(LayOutSheet({200}, 1, 1).scale, 1);
  const SheetLayout mixed = LayOutSheet({16, 32}, 1, 1);
  EXPECT_EQ(mixed.scale, 3);  // the largest decides
  EXPECT_EQ(mixed.cell, 96);
}

TEST(SheetLayout, EightViewsStandOnOneLine) {
  const SheetLayout sheet = LayOutSheet(std::vector<int>(8, 100), 3, 2);
  EXPECT_EQ(sheet.draw.lines, 1);
  EXPECT_EQ(sheet.draw.width, 8 * 100 + 7 * 4);
  EXPECT_EQ(sheet.height, 4 + 3 * 104);
  EXPECT_EQ(sheet.width, 4 + 100 + 2 * (12 + 828) + 4);
  EXPECT_EQ(sheet.Left(1) - sheet.Left(0), 12 + 828);
}

TEST(SheetLayout, ViewsOfSeveralSizesStandSideBySide) {
  const SheetLayout sheet = LayOutSheet({100, 100, 50, 50, 50}, 1, 1);
  EXPECT_EQ(sheet.draw.lines, 1);
  EXPECT_EQ(sheet.draw.views[2].left, 2 * 104);
  EXPECT_EQ(sheet.draw.views[4].left, 2 * 104 + 2 * 54);
  EXPECT_EQ(sheet.draw.width, 2 * 104 + 3 * 54 - 4);
  EXPECT_EQ(sheet.row_height, 100);
}

TEST(SheetLayout, MoreGoToFurtherLines) {
  const SheetLayout sheet = LayOutSheet(std::vector<int>(20, 100), 2, 1);
  EXPECT_EQ(sheet.draw.lines, 3);
  EXPECT_EQ(sheet.draw.views[8].top, 104);
  EXPECT_EQ(sheet.draw.views[8].left, 0);
  EXPECT_EQ(sheet.draw.views[19].top, 208);
  EXPECT_EQ(sheet.draw.views[19].left, 3 * 104);
  EXPECT_EQ(sheet.row_height, 3 * 104 - 4);
  EXPECT_EQ(sheet.Top(1) - sheet.Top(0), 308 + 12);  // images stand further apart than lines
  EXPECT_EQ(sheet.height, 4 + 308 + 12 + 308 + 4);
}

TEST(SheetLayout, NoTwoViewsOverlap) {
  const std::vector<int> sides = {96, 40, 96, 10, 96, 96, 40, 96, 96, 96, 10, 96, 40, 40};
  const SheetLayout sheet = LayOutSheet(sides, 1, 1);
  const auto& views = sheet.draw.views;
  for (size_t a = 0; a < views.size(); ++a) {
    EXPECT_LE(views[a].left + sides[a], sheet.draw.width);
    EXPECT_LE(views[a].top + sides[a], sheet.draw.height);
    for (size_t b = 0; b < a; ++b) {
      EXPECT_TRUE(views[b].left + sides[b] <= views[a].left ||
                  views[b].top + sides[b] <= views[a].top)
          << a << " and " << b;
    }
  }
}

}  // namespace
}  // namespace flowtrain
