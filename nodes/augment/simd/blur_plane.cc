#include "nodes/augment/simd/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nodes/augment/simd/blur_plane.cc"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "nodes/augment/mirrored.h"
#include "nodes/augment/simd/bytes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace flowtrain::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Lanes of 16 bits, and the bytes that fill them.
using Words = hn::Repartition<uint16_t, Bytes>;
using Narrow = hn::Rebind<uint8_t, Words>;
using Word = hn::Vec<Words>;

// A row with its mirrored ends, in 16 bits with 7 fraction bits. Runs over the right end.
void WidenRow(const uint8_t* HWY_RESTRICT row, int columns, int radius,
              uint16_t* HWY_RESTRICT padded) {
  const Words d16;
  const size_t length = static_cast<size_t>(columns);
  uint16_t* first = padded + radius;
  for (size_t x = 0; x < length; x += hn::Lanes(d16)) {
    const Word values = hn::PromoteTo(d16, hn::LoadU(Narrow(), row + x));
    hn::StoreU(hn::ShiftLeft<7>(values), d16, first + x);
  }
  if (radius < columns) {  // the usual case, without Mirrored's branches
    for (int i = 1; i <= radius; ++i) {
      first[-i] = static_cast<uint16_t>(row[i] << 7);
      first[columns - 1 + i] = static_cast<uint16_t>(row[columns - 1 - i] << 7);
    }
    return;
  }
  for (int i = 1; i <= radius; ++i) {
    first[-i] = static_cast<uint16_t>(row[Mirrored(-i, columns)] << 7);
    first[columns - 1 + i] = static_cast<uint16_t>(row[Mirrored(columns - 1 + i, columns)] << 7);
  }
}

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

// One vector of a row, blurred along it.
template <class W>
HWY_INLINE Word WeightedSum(const W& weights, Word sum, const uint16_t* centre) {
  const Words d16;
  sum = hn::Add(sum, hn::MulHigh(hn::LoadU(d16, centre), weights[0]));
  for (int k = 1; k <= weights.radius(); ++k) {
    const Word pair = hn::Add(hn::LoadU(d16, centre - k), hn::LoadU(d16, centre + k));
    sum = hn::Add(sum, hn::MulHigh(pair, weights[k]));
  }
  return sum;
}

// The same across rows: `rows[radius]` is the row itself.
template <class W>
HWY_INLINE Word WeightedSum(const W& weights, Word sum, const uint16_t* const* rows, size_t x) {
  const Words d16;
  const int radius = weights.radius();
  sum = hn::Add(sum, hn::MulHigh(hn::LoadU(d16, rows[radius] + x), weights[0]));
  for (int k = 1; k <= radius; ++k) {
    const Word pair =
        hn::Add(hn::LoadU(d16, rows[radius - k] + x), hn::LoadU(d16, rows[radius + k] + x));
    sum = hn::Add(sum, hn::MulHigh(pair, weights[k]));
  }
  return sum;
}

// A plane and the scratch that its blur takes.
template <int kRadius>
class PlaneBlur {
 public:
  PlaneBlur(const BlurTaps& taps, uint8_t* plane, int rows, int columns, uint16_t* padded,
            uint16_t* middle)
      : weights_(taps),
        radius_(taps.radius),
        rows_(rows),
        columns_(columns),
        length_(static_cast<size_t>(columns)),
        stride_(BlurStride(columns)),
        plane_(plane),
        padded_(padded),
        padded_stride_(PaddedStride(columns, taps.radius)),
        middle_(middle) {}

  // Row by row, so that all that is read again is in the nearest cache.
  void Run() {
    Widen(0);
    for (int y = 0; y < rows_ + radius_; ++y) {
      // A row ahead: a wide load that waits for narrow stores takes long.
      if (y + 1 < rows_) Widen(y + 1);
      if (y < rows_) Along(y);
      if (y >= radius_) Across(y - radius_);
    }
  }

 private:
  uint16_t* Padded(int y) { return padded_ + static_cast<size_t>(y % 2) * padded_stride_; }
  uint16_t* Middle(int y) { return middle_ + static_cast<size_t>(y) * stride_; }
  uint8_t* Row(int y) { return plane_ + static_cast<size_t>(y) * length_; }

  void Widen(int y) { WidenRow(Row(y), columns_, radius_, Padded(y)); }

  void Along(int y) {
    const Words d16;
    const uint16_t* centre = Padded(y) + radius_;
    uint16_t* to = Middle(y);
    for (size_t x = 0; x < length_; x += hn::Lanes(d16)) {
      hn::StoreU(WeightedSum(weights_, hn::Zero(d16), centre + x), d16, to + x);
    }
  }

  void Across(int y) {
    const Words d16;
    const hn::RebindToSigned<Words> d_signed;
    const uint16_t* around[2 * kMostRadius + 1];
    for (int k = -radius_; k <= radius_; ++k) around[k + radius_] = Middle(Mirrored(y + k, rows_));
    // Half a grey level, and what the products of both directions dropped on average.
    const Word start = hn::Set(d16, static_cast<uint16_t>(64 + radius_ + 1));
    uint8_t* to = Row(y);
    // What runs over the end of a row is written again by the next, which has been widened by now.
    for (size_t x = 0; x < length_; x += hn::Lanes(d16)) {
      const Word sum = WeightedSum(weights_, start, around, x);
      const auto values = hn::BitCast(d_signed, hn::ShiftRight<7>(sum));
      hn::StoreU(hn::DemoteTo(Narrow(), values), Narrow(), to + x);
    }
  }

  const Weights<kRadius> weights_;
  const int radius_, rows_, columns_;
  const size_t length_, stride_;
  uint8_t* plane_;
  uint16_t* padded_;
  const size_t padded_stride_;
  uint16_t* middle_;
};

template <int kRadius>
void Blur(const BlurTaps& taps, uint8_t* plane, int rows, int columns, uint16_t* padded,
          uint16_t* middle) {
  PlaneBlur<kRadius>(taps, plane, rows, columns, padded, middle).Run();
}

void BlurPlaneTarget(const BlurTaps& taps, uint8_t* plane, int rows, int columns, uint16_t* padded,
                     uint16_t* middle) {
  switch (taps.radius) {
    case 1:
      return Blur<1>(taps, plane, rows, columns, padded, middle);
    case 2:
      return Blur<2>(taps, plane, rows, columns, padded, middle);
    case 3:
      return Blur<3>(taps, plane, rows, columns, padded, middle);
    case 4:
      return Blur<4>(taps, plane, rows, columns, padded, middle);
    default:
      return Blur<0>(taps, plane, rows, columns, padded, middle);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace flowtrain::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flowtrain::simd {

HWY_EXPORT(BlurPlaneTarget);

void BlurPlane(const BlurTaps& taps, uint8_t* plane, int rows, int columns, uint16_t* padded,
               uint16_t* middle) {
  HWY_DYNAMIC_DISPATCH(BlurPlaneTarget)(taps, plane, rows, columns, padded, middle);
}

}  // namespace flowtrain::simd
#endif
