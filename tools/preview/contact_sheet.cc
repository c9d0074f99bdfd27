#include <algorithm>
#include <cstring>
#include <span>

#include "nodes/image/resample.h"
#include "nodes/image/rgb_image.h"
#include "tools/preview/preview.h"
#include "tools/preview/sheet_layout.h"

namespace flowtrain {
namespace {

constexpr uint8_t kPaper = 255, kFrame = 224;

class Sheet {
 public:
  explicit Sheet(const SheetLayout& layout)
      : picture_{static_cast<int>(layout.height), static_cast<int>(layout.width), {}} {
    picture_.rgb.assign(
        kChannels * static_cast<size_t>(layout.height) * static_cast<size_t>(layout.width), kPaper);
  }

  // Each pixel of a square becomes scale x scale.
  void PutView(std::span<const uint8_t> view, int side, int scale, int top, int left) {
    for (int y = 0; y < side * scale; ++y) {
      for (int x = 0; x < side * scale; ++x) {
        const size_t from =
            kChannels * (static_cast<size_t>(y / scale) * static_cast<size_t>(side) +
                         static_cast<size_t>(x / scale));
        std::memcpy(At(top + y, left + x), view.data() + from, kChannels);
      }
    }
  }

  // The image in the middle of a square cell, its sides in proportion.
  void PutImage(const PreviewImage& image, int cell, int top, int left) {
    for (int y = 0; y < cell; ++y) {
      std::memset(At(top + y, left), kFrame, kChannels * static_cast<size_t>(cell));
    }
    const double factor = static_cast<double>(cell) / std::max(image.height, image.width);
    const int height = std::clamp(static_cast<int>(image.height * factor + 0.5), 1, cell);
    const int width = std::clamp(static_cast<int>(image.width * factor + 0.5), 1, cell);
    std::vector<uint8_t> small(kChannels * static_cast<size_t>(height) *
                               static_cast<size_t>(width));
    Resampler().Resize({image.pixels.data(), kChannels * static_cast<size_t>(image.width),
                        image.height, image.width},
                       {height, 0, height}, {width, 0, width}, small.data());
    const size_t row_bytes = kChannels * static_cast<size_t>(width);
    for (int y = 0; y < height; ++y) {
      std::memcpy(At(top + (cell - height) / 2 + y, left + (cell - width) / 2),
                  small.data() + row_bytes * static_cast<size_t>(y), row_bytes);
    }
  }

  SheetPicture Take() { return std::move(picture_); }

 private:
  uint8_t* At(int y, int x) {
    return picture_.rgb.data() +
           kChannels * (static_cast<size_t>(y) * static_cast<size_t>(picture_.width) +
                        static_cast<size_t>(x));
  }

  SheetPicture picture_;
};

}  // namespace

SheetPicture ContactSheet(const Preview& preview) {
  if (preview.images.empty()) return {};
  const auto rows = static_cast<int>(preview.images.size());
  const auto draws = static_cast<int>(preview.images.front().draws.size());
  const SheetLayout layout = LayOutSheet(preview.view_sides, rows, draws);
  Sheet sheet(layout);
  for (int row = 0; row < rows; ++row) {
    const PreviewImage& image = preview.images[static_cast<size_t>(row)];
    const int top = layout.Top(row);
    sheet.PutImage(image, layout.cell, top, kSheetGap);
    for (int draw = 0; draw < draws; ++draw) {
      const auto& views = image.draws[static_cast<size_t>(draw)];
      for (size_t view = 0; view < views.size(); ++view) {
        const DrawLayout::Place place = layout.draw.views[view];
        sheet.PutView(views[view], preview.view_sides[view], layout.scale, top + place.top,
                      layout.Left(draw) + place.left);
      }
    }
  }
  return sheet.Take();
}

}  // namespace flowtrain
