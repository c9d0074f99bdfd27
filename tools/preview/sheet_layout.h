// Where things stand on a contact sheet. Pure functions; all lengths in pixels.
#pragma once

#include <cstdint>
#include <vector>

namespace flowtrain {

inline constexpr int kSheetGap = 4, kSheetWideGap = 12;  // between views; before each draw

// The views of one draw: side by side, and on further lines where they would be wider than eight of
// the largest.
struct DrawLayout {
  struct Place {
    int top, left;
  };
  std::vector<Place> views;
  int lines = 0, height = 0, width = 0;
};

// How a sheet of rows, one for each image, is laid out. All of its lengths count enlarged pixels.
struct SheetLayout {
  int scale = 1;  // of all views, whose sizes therefore compare; a whole factor
  int cell = 0;   // the side of the largest view, and of the image before the views
  DrawLayout draw;
  int row_height = 0, row_gap = 0;
  int64_t height = 0, width = 0;

  int Top(int row) const { return kSheetGap + row * (row_height + row_gap); }
  int Left(int draw_number) const {
    return kSheetGap + cell + kSheetWideGap + draw_number * (draw.width + kSheetWideGap);
  }
};

// `sides` are those of the views of an image, at least one.
SheetLayout LayOutSheet(const std::vector<int>& sides, int images, int draws);

}  // namespace flowtrain
