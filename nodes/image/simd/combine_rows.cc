#include "nodes/image/simd/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nodes/image/simd/combine_rows.cc"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>

#include "nodes/image/simd/bytes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace flowtrain::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Where a weighted sum is held: the even and the odd bytes of a vector, 16 bits each.
template <typename V>
struct Sums {
  V even, odd;
};

// Values have 8 fraction bits. A product drops its own fraction, half a unit on average.
template <class D16>
struct PlainSum {
  using V = hn::Vec<D16>;
  static V Start(D16 d, int taps) { return hn::Set(d, static_cast<uint16_t>(128 + taps / 2)); }
  static V Weight(D16 d, uint16_t weight) { return hn::Set(d, weight); }
  static V Even(D16, V bytes) { return hn::ShiftLeft<8>(bytes); }
  static V Odd(D16 d, V bytes) { return hn::And(bytes, hn::Set(d, uint16_t{0xFF00})); }
  static V Multiply(D16, V value, V weight) { return hn::MulHigh(value, weight); }
  static V Result(D16, V sum) { return hn::ShiftRight<8>(sum); }
};

// Values have 5 fraction bits and a sign, weights up to 2: there is room for the overshoot of
// negative weights.
template <class D16>
struct SignedSum {
  using V = hn::Vec<D16>;
  static V Start(D16 d, int taps) { return hn::Set(d, static_cast<uint16_t>(16 + taps / 2)); }
  static V Weight(D16 d, uint16_t weight) { return hn::Set(d, weight); }
  static V Even(D16, V bytes) { return hn::ShiftRight<1>(hn::ShiftLeft<8>(bytes)); }
  static V Odd(D16 d, V bytes) {
    return hn::ShiftRight<1>(hn::And(bytes, hn::Set(d, uint16_t{0xFF00})));
  }
  static V Multiply(D16 d, V value, V weight) {
    const hn::RebindToSigned<D16> ds;
    return hn::BitCast(d, hn::MulHigh(hn::BitCast(ds, value), hn::BitCast(ds, weight)));
  }
  static V Result(D16 d, V sum) {
    const hn::RebindToSigned<D16> ds;
    const auto value = hn::ShiftRight<5>(hn::BitCast(ds, sum));
    return hn::BitCast(d, hn::Min(hn::Max(value, hn::Zero(ds)), hn::Set(ds, int16_t{255})));
  }
};

// What makes one output: rows from `rows` on, with as many weights.
struct Output {
  int taps;
  const uint16_t* weights;
  const uint8_t* rows;
};

// Weights of one output: up to kTaps all in registers, of others (kTaps 0) as they are needed.
template <class Arithmetic, class D16, int kTaps>
class Weights {
 public:
  Weights(D16 d, const Output& output) {
    for (int k = 0; k < kTaps; ++k) weights_[k] = Arithmetic::Weight(d, output.weights[k]);
  }
  static constexpr int taps() { return kTaps; }
  hn::Vec<D16> operator[](int k) const { return weights_[k]; }

 private:
  hn::Vec<D16> weights_[kTaps];
};
template <class Arithmetic, class D16>
class Weights<Arithmetic, D16, 0> {
 public:
  Weights(D16, const Output& output) : output_(output) {}
  int taps() const { return output_.taps; }
  hn::Vec<D16> operator[](int k) const { return Arithmetic::Weight(D16(), output_.weights[k]); }

 private:
  const Output& output_;
};

template <template <class> class Sum, int kTaps, class D8>
HWY_INLINE void CombineRow(D8 d8, const Output& output, size_t in_stride, size_t length,
                           uint8_t* HWY_RESTRICT out) {
  const hn::Repartition<uint16_t, D8> d16;
  using Arithmetic = Sum<decltype(d16)>;
  const Weights<Arithmetic, decltype(d16), kTaps> weights(d16, output);
  const size_t lanes = hn::Lanes(d8);
  for (size_t at = 0; at < length; at += lanes) {
    const size_t x = std::min(at, length - lanes);  // the last vector overlaps the one before
    auto even = Arithmetic::Start(d16, weights.taps()), odd = even;
    const uint8_t* row = output.rows + x;
    for (int k = 0; k < weights.taps(); ++k, row += in_stride) {
      const auto bytes = hn::BitCast(d16, hn::LoadU(d8, row));
      even = hn::Add(even, Arithmetic::Multiply(d16, Arithmetic::Even(d16, bytes), weights[k]));
      odd = hn::Add(odd, Arithmetic::Multiply(d16, Arithmetic::Odd(d16, bytes), weights[k]));
    }
    const auto joined =
        hn::Or(Arithmetic::Result(d16, even), hn::ShiftLeft<8>(Arithmetic::Result(d16, odd)));
    hn::StoreU(hn::BitCast(d8, joined), d8, out + x);
  }
}

// Rows of weight 0 at the end are skipped.
template <template <class> class Sum, class D8>
void Combine(D8 d8, const RowTaps& plan, const uint8_t* in, size_t in_stride, size_t length,
             uint8_t* out, size_t out_stride) {
  Output output{plan.taps, plan.weights, in};
  for (int i = 0; i < plan.outputs; ++i, output.weights += plan.taps, out += out_stride) {
    output.rows = in + static_cast<size_t>(plan.begin[i]) * in_stride;
    output.taps = plan.taps;
    while (output.taps > 1 && output.weights[output.taps - 1] == 0) --output.taps;
    switch (output.taps) {
      case 1:
        CombineRow<Sum, 1>(d8, output, in_stride, length, out);
        break;
      case 2:
        CombineRow<Sum, 2>(d8, output, in_stride, length, out);
        break;
      case 3:
        CombineRow<Sum, 3>(d8, output, in_stride, length, out);
        break;
      case 4:
        CombineRow<Sum, 4>(d8, output, in_stride, length, out);
        break;
      case 5:
        CombineRow<Sum, 5>(d8, output, in_stride, length, out);
        break;
      default:
        CombineRow<Sum, 0>(d8, output, in_stride, length, out);
    }
  }
}

// With more taps than these, what the products of 16 bits drop adds up to a visible error.
constexpr int kMostTaps = 128, kMostSignedTaps = 16;

// In 32 bits, for strong reductions.
void CombineMany(const RowTaps& plan, const uint8_t* HWY_RESTRICT in, size_t in_stride,
                 size_t length, uint8_t* HWY_RESTRICT out, size_t out_stride) {
  const hn::FixedTag<int32_t, 4> d32;
  const hn::Rebind<uint8_t, decltype(d32)> d8;
  constexpr size_t kLanes = 4;
  const int bits = plan.is_signed ? 14 : 16;
  const uint16_t* weights = plan.weights;
  for (int i = 0; i < plan.outputs; ++i, weights += plan.taps, out += out_stride) {
    const uint8_t* rows = in + static_cast<size_t>(plan.begin[i]) * in_stride;
    for (size_t at = 0; at < length; at += kLanes) {
      const size_t x = std::min(at, length - kLanes);
      auto sum = hn::Set(d32, int32_t{1} << (bits - 1));
      for (int k = 0; k < plan.taps; ++k) {
        const int32_t weight = plan.is_signed ? static_cast<int16_t>(weights[k]) : weights[k];
        const auto bytes = hn::LoadU(d8, rows + static_cast<size_t>(k) * in_stride + x);
        sum = hn::Add(sum, hn::Mul(hn::PromoteTo(d32, bytes), hn::Set(d32, weight)));
      }
      hn::StoreU(hn::DemoteTo(d8, hn::ShiftRightSame(sum, bits)), d8, out + x);
    }
  }
}

template <class D8>
void CombineWith(D8 d8, const RowTaps& taps, const uint8_t* in, size_t in_stride, size_t length,
                 uint8_t* out, size_t out_stride) {
  if (taps.is_signed) return Combine<SignedSum>(d8, taps, in, in_stride, length, out, out_stride);
  Combine<PlainSum>(d8, taps, in, in_stride, length, out, out_stride);
}

void CombineRowsTarget(const RowTaps& taps, const uint8_t* in, size_t in_stride, size_t length,
                       uint8_t* out, size_t out_stride) {
  if (taps.taps > (taps.is_signed ? kMostSignedTaps : kMostTaps)) {
    return CombineMany(taps, in, in_stride, length, out, out_stride);
  }
  const Bytes wide;
  if (length >= hn::Lanes(wide))
    return CombineWith(wide, taps, in, in_stride, length, out, out_stride);
  CombineWith(Block(), taps, in, in_stride, length, out, out_stride);
}

}  // namespace HWY_NAMESPACE
}  // namespace flowtrain::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flowtrain::simd {

HWY_EXPORT(CombineRowsTarget);

void CombineRows(const RowTaps& taps, const uint8_t* in, size_t in_stride, size_t length,
                 uint8_t* out, size_t out_stride) {
  HWY_DYNAMIC_DISPATCH(CombineRowsTarget)(taps, in, in_stride, length, out, out_stride);
}

}  // namespace flowtrain::simd
#endif
