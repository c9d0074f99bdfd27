#include "nodes/image/simd/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nodes/image/simd/blur_rows.cc"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "nodes/image/mirrored.h"
#include "nodes/image/simd/bytes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace flowtrain::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::Repartition<uint16_t, ShortBytes>;
using Word = hn::Vec<Words>;

// The even and the odd bytes of a vector, or of a row, 16 bits each with 7 fraction bits.
struct Halves {
  Word even, odd;
};
struct HalfRow {
  uint16_t *even, *odd;

  uint16_t& operator[](int x) const {
    // In one expression, g++ 12 takes the index for one of the two alone when UBSan checks it.
    uint16_t* const half = x % 2 == 0 ? even : odd;
    return half[x >> 1];
  }
  // The same row, with its pixels counted from pixel `x` on.
  HalfRow From(int x) const {
    const int half = x >> 1;
    if (x % 2 == 0) return {even + half, odd + half};
    return {odd + half, even + half + 1};
  }
};

// Weights of a kernel: of the radii up to 4 all in registers, of others (kRadius 0) as they are
// needed.
template <int kRadius>
class Weights {
 public:
  explicit Weights(const BlurTaps& taps) {
    for (size_t k = 0; k <= kRadius; ++k) weights_[k] = hn::Set(Words(), taps.weights[k]);
  }
  static constexpr int radius() { return kRadius; }
  Word operator[](int k) const { return weights_[k]; }

 private:
  Word weights_[kRadius + 1];
};
template <>
class Weights<0> {
 public:
  explicit Weights(const BlurTaps& taps) : taps_(taps) {}
  int radius() const { return taps_.radius; }
  Word operator[](int k) const { return hn::Set(Words(), taps_.weights[k]); }

 private:
  const BlurTaps& taps_;
};

HWY_INLINE Word Load(const uint8_t* bytes) {
  return hn::BitCast(Words(), hn::LoadU(ShortBytes(), bytes));
}

// A vector of a row, blurred across rows: `rows[radius]` is the row itself. The mean of two bytes
// in the upper halves of their words is their sum with 7 fraction bits. Odd bytes need not be
// cleared of the even ones below them: those add up to a 256th of their own sum.
template <class W>
HWY_INLINE Halves AcrossRows(const W& weights, const uint8_t* const* rows, size_t x) {
  const int radius = weights.radius();
  const Word centre = Load(rows[radius] + x);
  Word even = hn::MulHigh(hn::ShiftRight<1>(hn::ShiftLeft<8>(centre)), weights[0]);
  Word odd = hn::MulHigh(hn::ShiftRight<1>(centre), weights[0]);
  for (int k = 1; k <= radius; ++k) {
    const Word above = Load(rows[radius - k] + x), below = Load(rows[radius + k] + x);
    const Word even_pair = hn::AverageRound(hn::ShiftLeft<8>(above), hn::ShiftLeft<8>(below));
    even = hn::Add(even, hn::MulHigh(even_pair, weights[k]));
    odd = hn::Add(odd, hn::MulHigh(hn::AverageRound(above, below), weights[k]));
  }
  // Products drop their fractions, so a black one may come out below 0.
  return {even, hn::SaturatedSub(odd, hn::ShiftRight<8>(even))};
}

// A vector of bytes from `at` of both rows on, blurred along them. The neighbours of an even byte
// at an odd distance are odd bytes, and the other way round.
template <class W>
HWY_INLINE Halves AlongRow(const W& weights, Word start, const HalfRow& row, size_t at) {
  const Words d16;
  const uint16_t* const e = row.even + at;
  const uint16_t* const o = row.odd + at;
  const auto pair = [d16](const uint16_t* left, const uint16_t* right) {
    return hn::Add(hn::LoadU(d16, left), hn::LoadU(d16, right));
  };
  Word even = hn::Add(start, hn::MulHigh(hn::LoadU(d16, e), weights[0]));
  Word odd = hn::Add(start, hn::MulHigh(hn::LoadU(d16, o), weights[0]));
  for (int k = 1; k <= weights.radius(); ++k) {
    const int near = k / 2, far = (k + 1) / 2;
    const bool other = k % 2 != 0;
    const Word of_even = other ? pair(o - far, o + near) : pair(e - near, e + near);
    const Word of_odd = other ? pair(e - near, e + far) : pair(o - near, o + near);
    even = hn::Add(even, hn::MulHigh(of_even, weights[k]));
    odd = hn::Add(odd, hn::MulHigh(of_odd, weights[k]));
  }
  return {even, odd};
}

// A plane, blurred to another.
template <int kRadius>
class PlaneBlur {
 public:
  PlaneBlur(const BlurTaps& taps, const uint8_t* plane, int rows, int columns, uint16_t* scratch,
            uint8_t* out)
      : weights_(taps),
        rows_(rows),
        columns_(columns),
        length_(static_cast<size_t>(columns)),
        plane_(plane),
        scratch_(scratch),
        out_(out) {}

  // Row by row, so that all that is read again is in the nearest cache.
  void Run(int begin, int end) {
    Across(begin);
    for (int y = begin; y < end; ++y) {
      // A row ahead: a wide load that waits for narrow stores takes long.
      if (y + 1 < end) Across(y + 1);
      Along(y);
    }
  }

 private:
  // With room for the mirrored ends on both sides.
  HalfRow Middle(int y) const {
    const size_t stride = HalfRowStride(columns_);
    uint16_t* even = scratch_ + static_cast<size_t>(y % 2) * 2 * stride + kHalfRowMargin;
    return {even, even + stride};
  }

  void Across(int y) const {
    const Words d16;
    const uint8_t* around[2 * kMostRadius + 1];
    Around(y, around);
    const HalfRow to = Middle(y);
    for (size_t x = 0; x < length_; x += hn::Lanes(ShortBytes())) {
      const Halves blurred = AcrossRows(weights_, around, x);
      hn::StoreU(blurred.even, d16, to.even + x / 2);
      hn::StoreU(blurred.odd, d16, to.odd + x / 2);
    }
    Mirror(to);
  }

  // The rows that make row y. Away from the borders without Mirrored's branches, as below.
  void Around(int y, const uint8_t** around) const {
    const int radius = weights_.radius();
    if (y >= radius && y + radius < rows_) {
      const uint8_t* first = plane_ + static_cast<size_t>(y - radius) * length_;
      for (int k = 0; k <= 2 * radius; ++k) around[k] = first + static_cast<size_t>(k) * length_;
      return;
    }
    for (int k = 0; k <= 2 * radius; ++k) {
      around[k] = plane_ + static_cast<size_t>(Mirrored(y - radius + k, rows_)) * length_;
    }
  }

  void Mirror(const HalfRow& row) const {
    const int radius = weights_.radius(), last = columns_ - 1;
    const HalfRow end = row.From(last);
    if (radius <= last) {
      for (int i = 1; i <= radius; ++i) {
        row[-i] = row[i];
        end[i] = end[-i];
      }
      return;
    }
    for (int i = 1; i <= radius; ++i) {
      row[-i] = row[Mirrored(-i, columns_)];
      end[i] = row[Mirrored(last + i, columns_)];
    }
  }

  void Along(int y) const {
    const Words d16;
    const ShortBytes d8;
    // Half a grey level, and what the products of both directions dropped on average.
    const Word start = hn::Set(d16, static_cast<uint16_t>(64 + weights_.radius() + 1));
    const Word upper = hn::Set(d16, uint16_t{0xFF00});
    const HalfRow from = Middle(y);
    uint8_t* to = out_ + static_cast<size_t>(y) * length_;
    // What runs over the end of a row is written again by the next.
    for (size_t x = 0; x < length_; x += hn::Lanes(d8)) {
      const Halves sums = AlongRow(weights_, start, from, x / 2);
      const Word bytes =
          hn::Or(hn::ShiftRight<7>(sums.even), hn::And(hn::ShiftLeft<1>(sums.odd), upper));
      hn::StoreU(hn::BitCast(d8, bytes), d8, to + x);
    }
  }

  const Weights<kRadius> weights_;
  const int rows_, columns_;
  const size_t length_;
  const uint8_t* plane_;
  uint16_t* scratch_;
  uint8_t* out_;
};

template <int kRadius>
void Blur(const BlurTaps& taps, const uint8_t* plane, int rows, int columns, int begin, int end,
          uint16_t* scratch, uint8_t* out) {
  PlaneBlur<kRadius>(taps, plane, rows, columns, scratch, out).Run(begin, end);
}

void BlurRowsTarget(const BlurTaps& taps, const uint8_t* plane, int rows, int columns, int begin,
                    int end, uint16_t* scratch, uint8_t* out) {
  switch (taps.radius) {
    case 1:
      return Blur<1>(taps, plane, rows, columns, begin, end, scratch, out);
    case 2:
      return Blur<2>(taps, plane, rows, columns, begin, end, scratch, out);
    case 3:
      return Blur<3>(taps, plane, rows, columns, begin, end, scratch, out);
    case 4:
      return Blur<4>(taps, plane, rows, columns, begin, end, scratch, out);
    default:
      return Blur<0>(taps, plane, rows, columns, begin, end, scratch, out);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace flowtrain::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flowtrain::simd {

HWY_EXPORT(BlurRowsTarget);

void BlurRows(const BlurTaps& taps, const uint8_t* plane, int rows, int columns, int begin, int end,
              uint16_t* scratch, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(BlurRowsTarget)(taps, plane, rows, columns, begin, end, scratch, out);
}

}  // namespace flowtrain::simd
#endif
