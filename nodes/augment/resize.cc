#include "nodes/augment/resize.h"

#include <algorithm>
#include <cmath>

namespace flowtrain {
namespace {

constexpr int kPrecision = 22;  // bits after the point: 8 of a pixel and 2 for sums fit into 32
constexpr int kHalf = 1 << (kPrecision - 1);

uint8_t ToByte(int sum) { return static_cast<uint8_t>(std::clamp(sum >> kPrecision, 0, 255)); }

void MakeTaps(int from, int to, ResizeScratch::Taps& taps) {
  const double scale = static_cast<double>(from) / to;
  const double stretch = std::max(scale, 1.0);  // of the filter, whose support is 1
  taps.most = static_cast<int>(std::ceil(stretch)) * 2 + 1;
  taps.first.resize(static_cast<size_t>(to));
  taps.count.resize(static_cast<size_t>(to));
  taps.weights.assign(static_cast<size_t>(to) * static_cast<size_t>(taps.most), 0);
  std::vector<double> weight(static_cast<size_t>(taps.most));
  for (int place = 0; place < to; ++place) {
    const double centre = (place + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(centre - stretch + 0.5));
    const int end = std::min(from, static_cast<int>(centre + stretch + 0.5));
    double sum = 0;
    for (int i = first; i < end; ++i) {
      const double distance = std::abs((i - centre + 0.5) / stretch);
      weight[static_cast<size_t>(i - first)] = std::max(0.0, 1 - distance);
      sum += weight[static_cast<size_t>(i - first)];
    }
    const auto at = static_cast<size_t>(place);
    taps.first[at] = first;
    taps.count[at] = end - first;
    for (int i = 0; i < end - first; ++i) {
      taps.weights[at * static_cast<size_t>(taps.most) + static_cast<size_t>(i)] = static_cast<int>(
          std::floor(0.5 + weight[static_cast<size_t>(i)] / sum * (1 << kPrecision)));
    }
  }
}

void ResizeRow(const uint8_t* from, const ResizeScratch::Taps& taps, int width, uint8_t* to) {
  for (int x = 0; x < width; ++x) {
    const auto at = static_cast<size_t>(x);
    const int* weights = taps.weights.data() + at * static_cast<size_t>(taps.most);
    const uint8_t* pixel = from + 3 * static_cast<size_t>(taps.first[at]);
    int r = kHalf, g = kHalf, b = kHalf;
    for (int i = 0; i < taps.count[at]; ++i, pixel += 3) {
      r += pixel[0] * weights[i];
      g += pixel[1] * weights[i];
      b += pixel[2] * weights[i];
    }
    *to++ = ToByte(r);
    *to++ = ToByte(g);
    *to++ = ToByte(b);
  }
}

}  // namespace

void ResizeBilinear(const RgbView& from, int height, int width, ResizeScratch& scratch,
                    uint8_t* to) {
  MakeTaps(from.width, width, scratch.horizontal);
  MakeTaps(from.height, height, scratch.vertical);
  const size_t row_bytes = size_t{3} * static_cast<size_t>(width);
  scratch.rows.resize(row_bytes * static_cast<size_t>(from.height));
  for (int y = 0; y < from.height; ++y) {
    ResizeRow(from.pixels + static_cast<size_t>(y) * from.row_bytes, scratch.horizontal, width,
              scratch.rows.data() + static_cast<size_t>(y) * row_bytes);
  }
  for (int y = 0; y < height; ++y) {
    const auto at = static_cast<size_t>(y);
    const int* weights =
        scratch.vertical.weights.data() + at * static_cast<size_t>(scratch.vertical.most);
    const uint8_t* first =
        scratch.rows.data() + static_cast<size_t>(scratch.vertical.first[at]) * row_bytes;
    for (size_t x = 0; x < row_bytes; ++x) {
      int sum = kHalf;
      for (int i = 0; i < scratch.vertical.count[at]; ++i) {
        sum += first[static_cast<size_t>(i) * row_bytes + x] * weights[i];
      }
      *to++ = ToByte(sum);
    }
  }
}

}  // namespace flowtrain
