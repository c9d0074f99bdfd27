#include <algorithm>
#include <cstring>
#include <span>

#include "nodes/image/resample.h"
#include "nodes/image/rgb_image.h"
#include "tools/preview/preview.h"

namespace flowtrain {
namespace {

constexpr int kGap = 4, kWideGap = 12;  // pixels: between views; before each draw
constexpr uint8_t kPaper = 255, kFrame = 224;
constexpr int kEasyToSee = 96;

class Sheet {
 public:
  Sheet(int height, int width) : picture_{height, width, {}} {
    picture_.rgb.assign(kChannels * static_cast<size_t>(height) * static_cast<size_t>(width),
                        kPaper);
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

int SheetScale(int view_size) { return std::max(1, kEasyToSee / view_size); }

SheetPicture ContactSheet(const Preview& preview) {
  if (preview.images.empty()) return {};
  const int scale = SheetScale(preview.view_size), cell = preview.view_size * scale;
  const auto rows = static_cast<int>(preview.images.size());
  const auto draws = static_cast<int>(preview.images.front().draws.size());
  const auto views = static_cast<int>(preview.images.front().draws.front().size());
  const int draw_width = kWideGap + views * cell + (views - 1) * kGap;
  Sheet sheet(rows * (cell + kGap) + kGap, kGap + cell + draws * draw_width + kGap);
  for (int row = 0; row < rows; ++row) {
    const PreviewImage& image = preview.images[static_cast<size_t>(row)];
    const int top = kGap + row * (cell + kGap);
    sheet.PutImage(image, cell, top, kGap);
    int left = kGap + cell;
    for (const auto& draw : image.draws) {
      left += kWideGap;
      for (const auto& view : draw) {
        sheet.PutView(view, preview.view_size, scale, top, left);
        left += cell + kGap;
      }
      left -= kGap;
    }
  }
  return sheet.Take();
}

}  // namespace flowtrain
