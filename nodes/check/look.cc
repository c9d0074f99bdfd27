#include "nodes/check/look.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace flowtrain {
namespace {

constexpr int kSide = Look::kSide;
constexpr int kLeastRange = 12;         // grey levels between the darkest and the brightest part
constexpr int kLeastDifference = 2;     // less is noise of compression
constexpr int kMostMeanDifference = 6;  // of thumbnails, grey levels

struct Part {
  int begin, end;
};

// The pixels of part `i` along a side; at least one.
Part PartOf(int side, int i) {
  const int begin = std::min(side * i / kSide, side - 1);
  return {begin, std::max(begin + 1, side * (i + 1) / kSide)};
}

uint8_t MeanGrey(const RgbImage& image, Part rows, Part columns) {
  uint64_t sum = 0;  // of luma in 1/256 (ITU-R BT.601)
  for (int y = rows.begin; y < rows.end; ++y) {
    const size_t row = static_cast<size_t>(y) * static_cast<size_t>(image.width);
    const uint8_t* pixel = image.pixels.data() + 3 * (row + static_cast<size_t>(columns.begin));
    for (int x = columns.begin; x < columns.end; ++x, pixel += 3) {
      sum += 77u * pixel[0] + 150u * pixel[1] + 29u * pixel[2];
    }
  }
  const auto pixels = static_cast<uint64_t>(rows.end - rows.begin) *
                      static_cast<uint64_t>(columns.end - columns.begin);
  return static_cast<uint8_t>(sum / pixels >> 8);
}

}  // namespace

bool Look::plain() const {
  const auto [least, most] = std::minmax_element(grey.begin(), grey.end());
  return *most - *least < kLeastRange;
}

Look LookOf(const RgbImage& image) {
  Look look;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      look.grey[static_cast<size_t>(y * kSide + x)] =
          MeanGrey(image, PartOf(image.height, y), PartOf(image.width, x));
    }
  }
  const auto at = [&](int y, int x) { return int{look.grey[static_cast<size_t>(y * kSide + x)]}; };
  for (int y = 0; y < kSide - 1; ++y) {
    for (int x = 0; x < kSide - 1; ++x) {
      const int here = at(y, x) - kLeastDifference;
      look.across = look.across << 1 | (here >= at(y, x + 1) ? 1u : 0u);
      look.down = look.down << 1 | (here >= at(y + 1, x) ? 1u : 0u);
    }
  }
  return look;
}

bool LooksLike(const Look& one, const Look& two) {
  if (std::popcount(one.across ^ two.across) > kMostBits) return false;
  if (std::popcount(one.down ^ two.down) > kMostBits) return false;
  int difference = 0;
  for (size_t i = 0; i < one.grey.size(); ++i) difference += one.grey[i] - two.grey[i];
  const int brighter = difference / static_cast<int>(one.grey.size());
  int sum = 0;
  for (size_t i = 0; i < one.grey.size(); ++i) {
    sum += std::abs(one.grey[i] - two.grey[i] - brighter);
  }
  return sum <= kMostMeanDifference * static_cast<int>(one.grey.size());
}

}  // namespace flowtrain
