#include "nodes/image/simd/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nodes/image/simd/halve_rgb.cc"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>

#include "nodes/image/simd/bytes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace flowtrain::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Only blocks: wider vectors would spend on shuffles across blocks what they save.
using Words = hn::Repartition<uint16_t, Block>;
constexpr size_t kBlock = 16;

// The sums of neighbouring bytes.
HWY_INLINE hn::Vec<Words> PairSums(hn::Vec<Block> bytes) {
  const Words d16;
  const auto words = hn::BitCast(d16, bytes);
  return hn::Add(hn::And(words, hn::Set(d16, uint16_t{0xFF})), hn::ShiftRight<8>(words));
}

// Half as many pixels, of two rows. `pixels` is even and at least 2 kBlock.
void HalveRows(const uint8_t* upper, const uint8_t* lower, size_t pixels, uint16_t round,
               uint8_t* out) {
  const Block d8;
  const Words d16;
  const auto start = hn::Set(d16, round);
  const auto half = [=](hn::Vec<Block> above, hn::Vec<Block> below) {
    return hn::ShiftRight<2>(hn::Add(hn::Add(PairSums(above), PairSums(below)), start));
  };
  const auto narrow = [=](hn::Vec<Words> left, hn::Vec<Words> right) {
    return hn::ConcatEven(d8, hn::BitCast(d8, right), hn::BitCast(d8, left));
  };
  for (size_t at = 0; at < pixels; at += 2 * kBlock) {
    const size_t x = std::min(at, pixels - 2 * kBlock);  // the last overlaps the one before
    hn::Vec<Block> red[4], green[4], blue[4];            // left and right of `upper`, of `lower`
    hn::LoadInterleaved3(d8, upper + 3 * x, red[0], green[0], blue[0]);
    hn::LoadInterleaved3(d8, upper + 3 * (x + kBlock), red[1], green[1], blue[1]);
    hn::LoadInterleaved3(d8, lower + 3 * x, red[2], green[2], blue[2]);
    hn::LoadInterleaved3(d8, lower + 3 * (x + kBlock), red[3], green[3], blue[3]);
    hn::StoreInterleaved3(narrow(half(red[0], red[2]), half(red[1], red[3])),
                          narrow(half(green[0], green[2]), half(green[1], green[3])),
                          narrow(half(blue[0], blue[2]), half(blue[1], blue[3])), d8,
                          out + 3 * (x / 2));
  }
}

// A pixel of `pixels` of the two rows, where the other two may be beyond the border.
void HalvePixel(const uint8_t* upper, const uint8_t* lower, size_t left, size_t right,
                unsigned round, uint8_t* out) {
  for (size_t c = 0; c < 3; ++c) {
    const unsigned sum = upper[3 * left + c] + upper[3 * right + c] + lower[3 * left + c] +
                         lower[3 * right + c] + round;
    out[c] = static_cast<uint8_t>(sum / 4);
  }
}

void HalveRgbTarget(const uint8_t* in, size_t height, size_t width, uint8_t* out) {
  const size_t row_bytes = 3 * width, out_width = (width + 1) / 2;
  const size_t even = width / 2 * 2;
  const size_t by_vector = even >= 2 * kBlock ? even : 0;
  for (size_t y = 0; y < height; y += 2, out += 3 * out_width) {
    const uint8_t* upper = in + y * row_bytes;
    const uint8_t* lower = y + 1 < height ? upper + row_bytes : upper;
    const auto round = static_cast<uint16_t>(y % 4 == 0 ? 2 : 1);
    if (by_vector > 0) HalveRows(upper, lower, by_vector, round, out);
    for (size_t x = by_vector; x < width; x += 2) {
      HalvePixel(upper, lower, x, std::min(x + 1, width - 1), round, out + 3 * (x / 2));
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace flowtrain::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flowtrain::simd {

HWY_EXPORT(HalveRgbTarget);

void HalveRgb(const uint8_t* in, size_t height, size_t width, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(HalveRgbTarget)(in, height, width, out);
}

}  // namespace flowtrain::simd
#endif
