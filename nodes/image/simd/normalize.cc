#include "nodes/image/simd/normalize.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nodes/image/simd/normalize.cc"
#include <hwy/foreach_target.h>
//
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace flowtrain::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kPixels = 16;  // at a time: a block of bytes of each channel

using Floats = hn::CappedTag<float, kPixels>;

// The factors of as many values one after the other as a vector has.
struct Factors {
  hn::Vec<Floats> high, low, bias;
};

HWY_INLINE hn::Vec<Floats> Normalized(const Factors& by, const uint8_t* bytes) {
  const Floats d;
  const hn::Rebind<int32_t, Floats> d32;
  const hn::Rebind<uint8_t, Floats> d8;
  const auto value = hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(d8, bytes)));
  return hn::MulAdd(value, by.low, hn::MulAdd(value, by.high, by.bias));
}

HWY_INLINE hn::Vec<Floats> As(float, hn::Vec<Floats> value) { return value; }
#if HWY_TARGET == HWY_SSSE3 || HWY_TARGET == HWY_SSE4
// These have no instruction for it, and Highway then rounds down. To the nearest half, ties to even;
// of values below 65,504.
HWY_INLINE auto As(uint16_t, hn::Vec<Floats> value) {
  const Floats d;
  const hn::RebindToUnsigned<Floats> d32;
  const auto bits = hn::BitCast(d32, value);
  const auto sign = hn::And(bits, hn::Set(d32, 0x80000000U));
  const auto size = hn::Xor(bits, sign);
  const auto odd = hn::And(hn::ShiftRight<13>(size), hn::Set(d32, 1U));
  const auto normal = hn::ShiftRight<13>(
      hn::Add(hn::Sub(size, hn::Set(d32, 112U << 23)), hn::Add(hn::Set(d32, 0xFFFU), odd)));
  // Below 2^-14: an addition of 0.5 leaves the bits of the half at the lower end, rounded.
  const auto half = hn::Set(d, 0.5F);
  const auto small =
      hn::Sub(hn::BitCast(d32, hn::Add(hn::BitCast(d, size), half)), hn::BitCast(d32, half));
  const auto is_small = hn::Lt(hn::BitCast(hn::RebindToSigned<Floats>(), size),
                               hn::Set(hn::RebindToSigned<Floats>(), 113 << 23));
  const auto chosen = hn::IfThenElse(hn::RebindMask(d32, is_small), small, normal);
  const auto signed_half = hn::Or(chosen, hn::ShiftRight<16>(sign));
  // The lower words; DemoteTo takes them for signed and would clip.
  const auto extended =
      hn::ShiftRight<16>(hn::BitCast(hn::RebindToSigned<Floats>(), hn::ShiftLeft<16>(signed_half)));
  const auto words = hn::DemoteTo(hn::Rebind<int16_t, Floats>(), extended);
  return hn::BitCast(hn::Rebind<uint16_t, Floats>(), words);
}
#else
HWY_INLINE auto As(uint16_t, hn::Vec<Floats> value) {
  const hn::Rebind<uint16_t, Floats> d16;
  return hn::BitCast(d16, hn::DemoteTo(hn::Rebind<hwy::float16_t, Floats>(), value));
}
#endif

// Where a block goes to: past the caches, since the device or the network reads it next, from
// addresses that allow it.
template <bool kPast, typename T, class D>
HWY_INLINE void Put(hn::Vec<D> values, D d, T* out) {
  if constexpr (kPast && hn::MaxLanes(D()) * sizeof(T) >= 16) {
    hn::Stream(values, d, out);
  } else {
    hn::StoreU(values, d, out);
  }
}

// The pixels [begin, end) of `pixels`.
struct Part {
  size_t begin, end, pixels;
};

// One channel, from its first byte on, to its plane of values. The factors are copied: those of the
// caller would be loaded again after each store.
template <bool kPast, typename T>
HWY_INLINE void NormalizeChannel(const Factors by, const uint8_t* HWY_RESTRICT in, const Part part,
                                 T* HWY_RESTRICT out) {
  constexpr size_t kLine = 64;  // bytes
  const hn::Rebind<T, Floats> d;
  const auto put = [&](size_t at, size_t count) {
    for (size_t x = at; x < at + count; x += hn::Lanes(d)) {
      Put<kPast>(As(T{}, Normalized(by, in + x)), d, out + x);
    }
  };
  size_t at = part.begin;
  for (; at + kLine <= part.end; at += kLine) put(at, kLine);
  // The last block overlaps the one before.
  for (; at < part.end; at += kPixels) put(std::min(at, part.pixels - kPixels), kPixels);
}

struct PackedBytes {
  const uint8_t* first;

  HWY_INLINE const uint8_t* Block(size_t pixel, uint8_t*) const { return first + 3 * pixel; }
};
struct PlaneBytes {
  Planes planes;

  // kPixels of them packed in `scratch`.
  HWY_INLINE const uint8_t* Block(size_t pixel, uint8_t* scratch) const {
    const hn::FixedTag<uint8_t, kPixels> d8;
    hn::StoreInterleaved3(hn::LoadU(d8, planes.red + pixel), hn::LoadU(d8, planes.green + pixel),
                          hn::LoadU(d8, planes.blue + pixel), d8, scratch);
    return scratch;
  }
};

// One channel after the other: all three by turns are 2 % slower for a view.
template <bool kPast, typename T>
void ToPlanes(const Factors (&by)[3], const PlaneBytes& in, const Part& part, T* out) {
  NormalizeChannel<kPast>(by[0], in.planes.red, part, out);
  NormalizeChannel<kPast>(by[1], in.planes.green, part, out + part.pixels);
  NormalizeChannel<kPast>(by[2], in.planes.blue, part, out + 2 * part.pixels);
}

template <bool kPast, typename T>
void ToPlanes(const Factors (&by)[3], const PackedBytes& in, const Part& part, T* out) {
  const hn::FixedTag<uint8_t, kPixels> d8;
  alignas(16) uint8_t bytes[3][kPixels];
  hn::Vec<decltype(d8)> red, green, blue;
  for (size_t at = part.begin; at < part.end; at += kPixels) {
    const size_t x = std::min(at, part.pixels - kPixels);
    hn::LoadInterleaved3(d8, in.first + 3 * x, red, green, blue);
    hn::Store(red, d8, bytes[0]);
    hn::Store(green, d8, bytes[1]);
    hn::Store(blue, d8, bytes[2]);
    for (size_t channel = 0; channel < 3; ++channel) {
      NormalizeChannel<kPast>(by[channel], bytes[channel], {0, kPixels, kPixels},
                              out + channel * part.pixels + x);
    }
  }
}

template <bool kPast, class Bytes, typename T>
void ToPacked(const Factors (&by)[3], const Bytes& in, const Part& part, T* out) {
  const hn::Rebind<T, Floats> d;
  const size_t lanes = hn::Lanes(d);
  alignas(16) uint8_t scratch[3 * kPixels];
  for (size_t at = part.begin; at < part.end; at += kPixels) {
    const size_t pixel = std::min(at, part.pixels - kPixels);
    const uint8_t* const bytes = in.Block(pixel, scratch);
    T* const values = out + 3 * pixel;
    for (size_t x = 0; x < 3 * kPixels; x += 3 * lanes) {
      for (size_t third = 0; third < 3; ++third) {
        const size_t i = x + third * lanes;
        Put<kPast>(As(T{}, Normalized(by[third], bytes + i)), d, values + i);
      }
    }
  }
}

// Of planes: one channel's factors each; of packed values: those of three vectors one after the
// other, after which the channels come round again.
template <bool kPlanes>
void MakeFactors(const Normalization& by, Factors (&factors)[3]) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  for (size_t i = 0; i < 3; ++i) {
    if constexpr (kPlanes) {
      factors[i] = {hn::Set(d, by.high[i]), hn::Set(d, by.low[i]), hn::Set(d, by.bias[i])};
      continue;
    }
    HWY_ALIGN float high[kPixels], low[kPixels], bias[kPixels];
    for (size_t lane = 0; lane < lanes; ++lane) {
      const size_t channel = (i * lanes + lane) % 3;
      high[lane] = by.high[channel];
      low[lane] = by.low[channel];
      bias[lane] = by.bias[channel];
    }
    factors[i] = {hn::Load(d, high), hn::Load(d, low), hn::Load(d, bias)};
  }
}

template <bool kPlanes, bool kPast, class Bytes, typename T>
void NormalizePart(const Normalization& by, const Bytes& in, const Part& part, T* out) {
  Factors factors[3];
  MakeFactors<kPlanes>(by, factors);
  if constexpr (kPlanes) {
    ToPlanes<kPast>(factors, in, part, out);
  } else {
    ToPacked<kPast>(factors, in, part, out);
  }
  if (kPast && part.end == part.pixels) hwy::FlushStream();
}

template <bool kPlanes, class Bytes, typename T>
void NormalizePart(const Normalization& by, const Bytes& in, const Part& part, T* out) {
  constexpr size_t kLine = 64;
  if (part.pixels * sizeof(T) % kLine == 0 && reinterpret_cast<uintptr_t>(out) % kLine == 0) {
    NormalizePart<kPlanes, true>(by, in, part, out);
  } else {
    NormalizePart<kPlanes, false>(by, in, part, out);
  }
}

template <class Bytes, typename T>
void Normalize(const Normalization& by, const Bytes& in, const Part& part, bool planes, T* out) {
  planes ? NormalizePart<true>(by, in, part, out) : NormalizePart<false>(by, in, part, out);
}

// Of an image of less than a block, as one of a block.
template <typename T>
void NormalizeFew(const Normalization& by, const uint8_t* in, size_t pixels, bool planes, T* out) {
  uint8_t padded[3 * kPixels] = {};
  T values[3 * kPixels];
  std::memcpy(padded, in, 3 * pixels);
  Normalize(by, PackedBytes{padded}, {0, kPixels, kPixels}, planes, values);
  for (size_t channel = 0; planes && channel < 3; ++channel) {
    std::copy_n(values + channel * kPixels, pixels, out + channel * pixels);
  }
  if (!planes) std::copy_n(values, 3 * pixels, out);
}

template <typename T>
void NormalizeRgbTo(const Normalization& by, const uint8_t* in, size_t pixels, bool planes,
                    T* out) {
  if (pixels < kPixels) return NormalizeFew(by, in, pixels, planes, out);
  Normalize(by, PackedBytes{in}, {0, pixels, pixels}, planes, out);
}

void NormalizeRgbTarget(const Normalization& by, const uint8_t* in, size_t pixels,
                        const ImageValues& out) {
  if (out.halves) {
    NormalizeRgbTo(by, in, pixels, out.planes, static_cast<uint16_t*>(out.first));
  } else {
    NormalizeRgbTo(by, in, pixels, out.planes, static_cast<float*>(out.first));
  }
}

void NormalizePlanesTarget(const Normalization& by, const Planes& in, size_t pixels, size_t begin,
                           size_t end, const ImageValues& out) {
  const Part part{begin, end, pixels};
  if (out.halves) {
    Normalize(by, PlaneBytes{in}, part, out.planes, static_cast<uint16_t*>(out.first));
  } else {
    Normalize(by, PlaneBytes{in}, part, out.planes, static_cast<float*>(out.first));
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace flowtrain::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flowtrain::simd {

HWY_EXPORT(NormalizeRgbTarget);
HWY_EXPORT(NormalizePlanesTarget);

namespace {

// With the lower 8 bits of its 24 cleared: times a byte it is still a float.
float SixteenBits(double value) {
  auto rounded = static_cast<float>(value);
  uint32_t bits = 0;
  std::memcpy(&bits, &rounded, sizeof bits);
  bits &= 0xFFFFFF00U;
  std::memcpy(&rounded, &bits, sizeof bits);
  return rounded;
}

}  // namespace

Normalization NormalizationOf(const std::array<double, 3>& mean,
                              const std::array<double, 3>& deviation) {
  Normalization by;
  for (size_t channel = 0; channel < 3; ++channel) {
    const double scale = 1 / (255 * deviation[channel]);
    by.high[channel] = SixteenBits(scale);
    by.low[channel] = SixteenBits(scale - static_cast<double>(by.high[channel]));
    by.bias[channel] = static_cast<float>(-mean[channel] / deviation[channel]);
  }
  return by;
}

void NormalizeRgb(const Normalization& by, const uint8_t* in, size_t pixels,
                  const ImageValues& out) {
  HWY_DYNAMIC_DISPATCH(NormalizeRgbTarget)(by, in, pixels, out);
}

void NormalizePlanes(const Normalization& by, const Planes& in, size_t pixels, size_t begin,
                     size_t end, const ImageValues& out) {
  HWY_DYNAMIC_DISPATCH(NormalizePlanesTarget)(by, in, pixels, begin, end, out);
}

}  // namespace flowtrain::simd
#endif
