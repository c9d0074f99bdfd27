#include "nodes/augment/simd/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nodes/augment/simd/apply_colour.cc"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>

#include "nodes/augment/simd/bytes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace flowtrain::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::Repartition<uint16_t, Bytes>;
using Shorts = hn::Repartition<int16_t, Bytes>;
using Word = hn::Vec<Words>;
using Short = hn::Vec<Shorts>;

// Values 0 to 255 of as many pixels as a register has words. Operations take a multiple of 1 where
// a word holds 255 of them, and drop fractions as Pillow does.
struct Pixels {
  Word red, green, blue;
};

HWY_INLINE Word Constant(int value) { return hn::Set(Words(), static_cast<uint16_t>(value)); }
HWY_INLINE Short SignedConstant(int value) {
  return hn::Set(Shorts(), static_cast<int16_t>(value));
}
HWY_INLINE Short AsSigned(Word v) { return hn::BitCast(Shorts(), v); }
HWY_INLINE Word AsUnsigned(Short v) { return hn::BitCast(Words(), v); }
HWY_INLINE Word ClipToByte(Short v) {
  return AsUnsigned(hn::Min(hn::Max(v, hn::Zero(Shorts())), SignedConstant(255)));
}

// An operation with its constants in registers, or a load away from them.
struct Prepared {
  Prepared() = default;
  explicit Prepared(const ColourOp& op)
      : kind(op.kind),
        bits(op.bits),
        factor(Constant(op.factor)),
        offset(SignedConstant(op.kind == ColourOp::Kind::kSolarize ? op.offset - 1 : op.offset)) {}

  ColourOp::Kind kind;
  int bits;
  Word factor;
  Short offset;
};

// ITU-R 601 in 8.8 fixed point; the three products drop a unit and a half on average.
HWY_INLINE Word Luma(const Pixels& p) {
  const Word red = hn::MulHigh(hn::ShiftLeft<8>(p.red), Constant(19595));
  const Word green = hn::MulHigh(hn::ShiftLeft<8>(p.green), Constant(38470));
  const Word blue = hn::MulHigh(hn::ShiftLeft<8>(p.blue), Constant(7471));
  const Word sum = hn::Add(hn::Add(red, green), hn::Add(blue, Constant(128 + 1)));
  return hn::ShiftRight<8>(sum);
}

HWY_INLINE Word Brighten(const Prepared& op, Word value) {
  const Word product = hn::MulHigh(hn::ShiftLeft<8>(value), op.factor);
  return hn::Min(hn::ShiftRightSame(product, op.bits), Constant(255));
}

// factor x + (1 - factor) mean; the second term is the offset.
HWY_INLINE Word Contrast(const Prepared& op, Word value) {
  const Word product = hn::MulHigh(hn::ShiftLeft<8>(value), op.factor);
  const Short sum = hn::SaturatedAdd(AsSigned(hn::ShiftRight<1>(product)), op.offset);
  return ClipToByte(hn::ShiftRightSame(sum, op.bits));
}

HWY_INLINE Word Saturate(const Prepared& op, Word value, Word luma) {
  const Short distance = AsSigned(hn::ShiftLeft<7>(hn::Sub(value, luma)));
  const Short product = hn::MulHigh(distance, AsSigned(op.factor));
  return ClipToByte(hn::Add(hn::ShiftRightSame(product, op.bits), AsSigned(luma)));
}

// One channel of a colour of the given hue: low + min(max(x, 0), chroma), rounded; 4 fraction bits.
HWY_INLINE Word Channel(Short low, Short chroma, Short x) {
  const Short value = hn::Add(low, hn::Min(hn::Max(x, hn::Zero(Shorts())), chroma));
  return AsUnsigned(hn::ShiftRight<4>(value));
}

// Hexcone model (Smith 1978) with everything multiplied by the chroma, so that nothing is divided:
// the hue is a number of [0, 6 chroma), and a turn adds a multiple of the chroma.
HWY_INLINE void TurnHue(const Prepared& op, Pixels& p) {
  const Short red = AsSigned(p.red), green = AsSigned(p.green), blue = AsSigned(p.blue);
  const Short high = hn::Max(red, hn::Max(green, blue)), low = hn::Min(red, hn::Min(green, blue));
  const Short range = hn::Sub(high, low);
  const auto is_red = hn::Eq(high, red), is_green = hn::Eq(high, green);
  const Short twice = hn::Add(range, range);
  const Short from_blue = hn::Add(hn::Sub(red, green), hn::Add(twice, twice));
  const Short from_green = hn::Add(hn::Sub(blue, red), twice);
  Short hue = hn::IfThenElse(is_green, from_green, from_blue);
  hue = hn::IfThenElse(is_red, hn::Sub(green, blue), hue);

  // Four fraction bits from here on: 6 x 255 x 16 still fits.
  const Short one = hn::ShiftLeft<4>(range), two = hn::Add(one, one), three = hn::Add(two, one);
  const Short four = hn::Add(two, two), six = hn::Add(four, two);
  const Short turn = hn::MulHigh(hn::ShiftLeft<7>(range), AsSigned(op.factor));
  hue = hn::Add(hn::ShiftLeft<4>(hue), turn);
  // Round the circle: of two candidates the one that is not negative, or the smaller.
  Word round = hn::Min(AsUnsigned(hue), AsUnsigned(hn::Add(hue, six)));
  round = hn::Min(round, hn::Sub(round, AsUnsigned(six)));
  hue = AsSigned(round);

  const Short base = hn::Add(hn::ShiftLeft<4>(low), SignedConstant(8));
  p.red = Channel(base, one, hn::Sub(hn::Abs(hn::Sub(hue, three)), one));
  p.green = Channel(base, one, hn::Sub(two, hn::Abs(hn::Sub(hue, two))));
  p.blue = Channel(base, one, hn::Sub(two, hn::Abs(hn::Sub(hue, four))));
}

HWY_INLINE Word Solarize(const Prepared& op, Word value) {
  const Word inverted = hn::Sub(Constant(255), value);
  const auto bright = hn::Gt(AsSigned(value), op.offset);
  return AsUnsigned(hn::IfThenElse(bright, AsSigned(inverted), AsSigned(value)));
}

HWY_INLINE void Apply(const Prepared& op, Pixels& p) {
  switch (op.kind) {
    case ColourOp::Kind::kBrightness:
      p = {Brighten(op, p.red), Brighten(op, p.green), Brighten(op, p.blue)};
      return;
    case ColourOp::Kind::kContrast:
      p = {Contrast(op, p.red), Contrast(op, p.green), Contrast(op, p.blue)};
      return;
    case ColourOp::Kind::kSaturation: {
      const Word luma = Luma(p);
      p = {Saturate(op, p.red, luma), Saturate(op, p.green, luma), Saturate(op, p.blue, luma)};
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
      p = {Solarize(op, p.red), Solarize(op, p.green), Solarize(op, p.blue)};
      return;
  }
}

// A register of bytes is taken apart to its even and its odd ones and put together again: no
// shuffles, and the same order on every instruction set.
HWY_INLINE Word Even(Word bytes) { return hn::And(bytes, Constant(0xFF)); }
HWY_INLINE Word Odd(Word bytes) { return hn::ShiftRight<8>(bytes); }
HWY_INLINE Word Join(Word even, Word odd) { return hn::Or(even, hn::ShiftLeft<8>(odd)); }

uint64_t ApplyColourTarget(const Planes& planes, size_t pixels, std::span<const ColourOp> ops,
                           bool sum_luma) {
  const Bytes d8;
  const Words d16;
  const hn::Repartition<uint64_t, Bytes> d64;
  const size_t lanes = hn::Lanes(d8);
  const auto load = [=](const uint8_t* at) { return hn::BitCast(d16, hn::LoadU(d8, at)); };
  const auto store = [=](Word bytes, uint8_t* at) { hn::StoreU(hn::BitCast(d8, bytes), d8, at); };
  Prepared prepared[kMostColourOps];
  const size_t count = std::min(ops.size(), kMostColourOps);
  for (size_t i = 0; i < count; ++i) prepared[i] = Prepared(ops[i]);
  auto sums = hn::Zero(d64);
  for (size_t i = 0; i < pixels; i += lanes) {
    const Word red = load(planes.red + i), green = load(planes.green + i);
    const Word blue = load(planes.blue + i);
    Pixels even{Even(red), Even(green), Even(blue)}, odd{Odd(red), Odd(green), Odd(blue)};
    for (size_t k = 0; k < count; ++k) {
      Apply(prepared[k], even);
      Apply(prepared[k], odd);
    }
    if (count > 0) {
      store(Join(even.red, odd.red), planes.red + i);
      store(Join(even.green, odd.green), planes.green + i);
      store(Join(even.blue, odd.blue), planes.blue + i);
    }
    if (!sum_luma) continue;
    auto luma = hn::BitCast(d8, Join(Luma(even), Luma(odd)));
    if (i + lanes > pixels) luma = hn::IfThenElseZero(hn::FirstN(d8, pixels - i), luma);
    sums = hn::Add(sums, hn::SumsOf8(luma));
  }
  return sum_luma ? hn::GetLane(hn::SumOfLanes(d64, sums)) : 0;
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
