#include "nodes/image/simd/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nodes/image/simd/apply_colour.cc"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>

#include "nodes/image/simd/bytes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace flowtrain::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::Repartition<uint16_t, Bytes>;
using Shorts = hn::Repartition<int16_t, Bytes>;
using Word = hn::Vec<Words>;
using Short = hn::Vec<Shorts>;

// Values of as many pixels as a register has words, each in the upper byte of its word: then the
// upper half of a product with a factor of 16 bits is the product with its fraction. Results drop
// their fraction as Pillow's do.
struct Pixels {
  Word red, green, blue;
};

HWY_INLINE Word Constant(int value) { return hn::Set(Words(), static_cast<uint16_t>(value)); }
HWY_INLINE Short AsSigned(Word v) { return hn::BitCast(Shorts(), v); }
HWY_INLINE Word AsUnsigned(Short v) { return hn::BitCast(Words(), v); }
HWY_INLINE Word UpperByte(Word v) { return hn::And(v, Constant(0xFF00)); }

// An operation with its constants in registers, or a load away from them.
struct Prepared {
  Prepared() = default;
  explicit Prepared(const ColourOp& op)
      : kind(op.kind),
        doublings(op.doublings),
        factor(Constant(op.factor)),
        second(Constant(op.second)) {}

  ColourOp::Kind kind;
  int doublings;
  Word factor, second;
};

// A sum of products, brought to the upper byte; clips at 255.
HWY_INLINE Word Finish(const Prepared& op, Word sum) {
  sum = hn::SaturatedAdd(sum, sum);
  for (int i = 1; i < op.doublings; ++i) sum = hn::SaturatedAdd(sum, sum);
  return UpperByte(sum);
}

// ITU-R 601; the three products drop a unit and a half on average.
HWY_INLINE Word Luma(const Pixels& p) {
  const Word red = hn::MulHigh(p.red, Constant(19595));
  const Word green = hn::MulHigh(p.green, Constant(38470));
  const Word blue = hn::MulHigh(p.blue, Constant(7471));
  return UpperByte(hn::Add(hn::Add(red, green), hn::Add(blue, Constant(128 + 1))));
}

HWY_INLINE Word Brighten(const Prepared& op, Word value) {
  return Finish(op, hn::MulHigh(value, op.factor));
}

// factor x + (1 - factor) mean.
HWY_INLINE Word ContrastDown(const Prepared& op, Word value) {
  return Finish(op, hn::SaturatedAdd(hn::MulHigh(value, op.factor), op.second));
}
HWY_INLINE Word ContrastUp(const Prepared& op, Word value) {
  return Finish(op, hn::SaturatedSub(hn::MulHigh(value, op.factor), op.second));
}

// factor x + (1 - factor) luma; `share` is the second term.
HWY_INLINE Word SaturationDown(const Prepared& op, Word value, Word share) {
  return Finish(op, hn::SaturatedAdd(hn::MulHigh(value, op.factor), share));
}
HWY_INLINE Word SaturationUp(const Prepared& op, Word value, Word share) {
  return Finish(op, hn::SaturatedSub(hn::MulHigh(value, op.factor), share));
}

// Hexcone model (Smith 1978) with everything multiplied by the chroma, so that nothing is divided:
// the hue is a number of [0, 6 chroma), and a turn adds a multiple of the chroma. Four fraction
// bits: 6 x 255 x 16 still fits.
HWY_INLINE void TurnHue(const Prepared& op, Pixels& p) {
  const Short red = AsSigned(hn::ShiftRight<4>(p.red));
  const Short green = AsSigned(hn::ShiftRight<4>(p.green));
  const Short blue = AsSigned(hn::ShiftRight<4>(p.blue));
  const Short high = hn::Max(red, hn::Max(green, blue)), low = hn::Min(red, hn::Min(green, blue));
  const Short one = hn::Sub(high, low), two = hn::Add(one, one), four = hn::Add(two, two);
  const Short three = hn::Add(two, one), six = hn::Add(four, two);
  const Short from_blue = hn::Add(hn::Sub(red, green), four);
  const Short from_green = hn::Add(hn::Sub(blue, red), two);
  Short hue = hn::IfThenElse(hn::Eq(high, green), from_green, from_blue);
  hue = hn::IfThenElse(hn::Eq(high, red), hn::Sub(green, blue), hue);
  hue = hn::Add(hue, hn::MulHigh(hn::ShiftLeft<3>(one), AsSigned(op.factor)));
  // Round the circle: of two candidates the one that is not negative, or the smaller.
  Word round = hn::Min(AsUnsigned(hue), AsUnsigned(hn::Add(hue, six)));
  round = hn::Min(round, hn::Sub(round, AsUnsigned(six)));
  hue = AsSigned(round);

  const Word chroma = AsUnsigned(one), double_chroma = AsUnsigned(two);
  const Word base = AsUnsigned(hn::Add(low, hn::Set(Shorts(), int16_t{8})));  // rounds
  const auto channel = [&](Word above_low) {
    return UpperByte(hn::ShiftLeft<4>(hn::Add(base, hn::Min(above_low, chroma))));
  };
  const auto distance = [&](Short centre) { return AsUnsigned(hn::Abs(hn::Sub(hue, centre))); };
  p.red = channel(hn::SaturatedSub(distance(three), chroma));
  p.green = channel(hn::SaturatedSub(double_chroma, distance(two)));
  p.blue = channel(hn::SaturatedSub(double_chroma, distance(four)));
}

HWY_INLINE Word Solarize(const Prepared& op, Word value) {
  const auto bright = hn::Eq(hn::Max(value, op.factor), value);
  return hn::IfThenElse(bright, hn::Sub(Constant(0xFF00), value), value);
}

// Applies `op(prepared, value)` to each channel.
template <typename Op>
HWY_INLINE Pixels Each(const Pixels& p, Op op) {
  return {op(p.red), op(p.green), op(p.blue)};
}

HWY_INLINE void Apply(const Prepared& op, Pixels& p) {
  switch (op.kind) {
    case ColourOp::Kind::kBrightness:
      p = Each(p, [&](Word v) { return Brighten(op, v); });
      return;
    case ColourOp::Kind::kContrastDown:
      p = Each(p, [&](Word v) { return ContrastDown(op, v); });
      return;
    case ColourOp::Kind::kContrastUp:
      p = Each(p, [&](Word v) { return ContrastUp(op, v); });
      return;
    case ColourOp::Kind::kSaturationDown: {
      // Both products drop a fraction; together it may come to one unit of the last bit.
      const Word share = hn::Add(hn::MulHigh(Luma(p), op.second), Constant(1));
      p = Each(p, [&](Word v) { return SaturationDown(op, v, share); });
      return;
    }
    case ColourOp::Kind::kSaturationUp: {
      const Word share = hn::MulHigh(Luma(p), op.second);
      p = Each(p, [&](Word v) { return SaturationUp(op, v, share); });
      return;
    }
    case ColourOp::Kind::kHue:
      return TurnHue(op, p);
    case ColourOp::Kind::kGrey: {
      const Word luma = Luma(p);
      p = {luma, luma, luma};
      return;
    }
    case ColourOp::Kind::kSolarize:
      p = Each(p, [&](Word v) { return Solarize(op, v); });
      return;
  }
}

// A register of bytes is split into its even and its odd ones and put together again: no shuffles,
// and the same order on every instruction set.
HWY_INLINE Word Even(Word bytes) { return hn::ShiftLeft<8>(bytes); }
HWY_INLINE Word Odd(Word bytes) { return UpperByte(bytes); }
HWY_INLINE Word Join(Word even, Word odd) { return hn::Or(hn::ShiftRight<8>(even), odd); }

// Three planes' sums of bytes.
class ByteSums {
 public:
  ByteSums() : red_(hn::Zero(Longs())), green_(red_), blue_(red_) {}

  // Of the first `count` bytes of each vector.
  void Add(Word red, Word green, Word blue, size_t count) {
    red_ = hn::Add(red_, SumsOf(red, count));
    green_ = hn::Add(green_, SumsOf(green, count));
    blue_ = hn::Add(blue_, SumsOf(blue, count));
  }
  // The luma of all of them, as Luma's, but for the rounding of each pixel.
  uint64_t Luma() const {
    return (19595 * Total(red_) + 38470 * Total(green_) + 7471 * Total(blue_)) >> 16;
  }

 private:
  using Longs = hn::Repartition<uint64_t, Bytes>;
  static hn::Vec<Longs> SumsOf(Word words, size_t count) {
    const Bytes d8;
    const auto bytes = hn::BitCast(d8, words);
    if (count >= hn::Lanes(d8)) return hn::SumsOf8(bytes);
    return hn::SumsOf8(hn::IfThenElseZero(hn::FirstN(d8, count), bytes));
  }
  static uint64_t Total(hn::Vec<Longs> sums) { return hn::GetLane(hn::SumOfLanes(Longs(), sums)); }

  hn::Vec<Longs> red_, green_, blue_;
};

uint64_t ApplyColourTarget(const Planes& planes, size_t pixels, std::span<const ColourOp> ops,
                           bool sum_luma) {
  const Bytes d8;
  const Words d16;
  const size_t lanes = hn::Lanes(d8);
  const auto load = [=](const uint8_t* at) { return hn::BitCast(d16, hn::LoadU(d8, at)); };
  const auto store = [=](Word bytes, uint8_t* at) { hn::StoreU(hn::BitCast(d8, bytes), d8, at); };
  Prepared prepared[kMostColourOps];
  const size_t count = std::min(ops.size(), kMostColourOps);
  for (size_t i = 0; i < count; ++i) prepared[i] = Prepared(ops[i]);
  ByteSums sums;
  for (size_t i = 0; i < pixels; i += lanes) {
    Word red = load(planes.red + i), green = load(planes.green + i), blue = load(planes.blue + i);
    if (count > 0) {
      Pixels even{Even(red), Even(green), Even(blue)}, odd{Odd(red), Odd(green), Odd(blue)};
      for (size_t k = 0; k < count; ++k) {
        Apply(prepared[k], even);
        Apply(prepared[k], odd);
      }
      red = Join(even.red, odd.red);
      green = Join(even.green, odd.green);
      blue = Join(even.blue, odd.blue);
      store(red, planes.red + i);
      store(green, planes.green + i);
      store(blue, planes.blue + i);
    }
    if (sum_luma) sums.Add(red, green, blue, pixels - i);
  }
  return sum_luma ? sums.Luma() : 0;
}

}  // namespace HWY_NAMESPACE
}  // namespace flowtrain::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flowtrain::simd {

HWY_EXPORT(ApplyColourTarget);

uint64_t ApplyColour(const Planes& planes, size_t pixels, std::span<const ColourOp> ops,
                     bool sum_luma) {
  return HWY_DYNAMIC_DISPATCH(ApplyColourTarget)(planes, pixels, ops, sum_luma);
}

}  // namespace flowtrain::simd
#endif
