#include "tools/preview/sheet_layout.h"

#include <algorithm>

namespace flowtrain {
namespace {

constexpr int kEasyToSee = 96;
constexpr int kMostOnALine = 8;  // of the largest views

DrawLayout LayOutDraw(const std::vector<int>& sides, int scale, int cell) {
  const int widest = kMostOnALine * cell + (kMostOnALine - 1) * kSheetGap;
  DrawLayout draw;
  draw.lines = 1;
  int top = 0, left = 0;
  for (const int side : sides) {
    const int size = side * scale;
    if (left + size > widest) {
      ++draw.lines;
      top = draw.height + kSheetGap;
      left = 0;
    }
    draw.views.push_back({top, left});
    draw.height = std::max(draw.height, top + size);
    draw.width = std::max(draw.width, left + size);
    left += size + kSheetGap;
  }
  return draw;
}

}  // namespace

SheetLayout LayOutSheet(const std::vector<int>& sides, int images, int draws) {
  const int largest = *std::max_element(sides.begin(), sides.end());
  SheetLayout sheet;
  sheet.scale = std::max(1, kEasyToSee / largest);
  sheet.cell = largest * sheet.scale;
  sheet.draw = LayOutDraw(sides, sheet.scale, sheet.cell);
  sheet.row_height = std::max(sheet.cell, sheet.draw.height);
  // Lines of one image stand closer together than images.
  sheet.row_gap = sheet.draw.lines > 1 ? kSheetWideGap : kSheetGap;
  sheet.height = int64_t{images} * (sheet.row_height + sheet.row_gap) - sheet.row_gap;
  sheet.height += 2 * kSheetGap;
  sheet.width = sheet.Left(0) - kSheetWideGap + int64_t{draws} * (kSheetWideGap + sheet.draw.width);
  sheet.width += kSheetGap;
  return sheet;
}

}  // namespace flowtrain
