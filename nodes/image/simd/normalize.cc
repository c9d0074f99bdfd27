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

// kPixels pixels to three planes whose values of a pixel are `stride` apart.
template <bool kPast, typename T>
HWY_INLINE void ToPlanes(const Factors (&by)[3], const uint8_t* in, size_t stride, T* out) {
  const hn::FixedTag<uint8_t, kPixels> block;
  alignas(16) uint8_t bytes[3][kPixels];
  hn::Vec<decltype(block)> red, green, blue;
  hn::LoadInterleaved3(block, in, red, green, blue);
  hn::Store(red, block, bytes[0]);
  hn::Store(green, block, bytes[1]);
  hn::Store(blue, block, bytes[2]);
  const hn::Rebind<T, Floats> d;
  for (size_t channel = 0; channel < 3; ++channel) {
    for (size_t x = 0; x < kPixels; x += hn::Lanes(d)) {
      Put<kPast>(As(T{}, Normalized(by[channel], bytes[channel] + x)), d,
                 out + channel * stride + x);
    }
  }
}

// kPixels pixels as they are, packed.
template <bool kPast, typename T>
HWY_INLINE void ToPacked(const Factors (&by)[3], const uint8_t* in, T* out) {
  const hn::Rebind<T, Floats> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t at = 0; at < 3 * kPixels; at += 3 * lanes) {
    for (size_t third = 0; third < 3; ++third) {
      const size_t x = at + third * lanes;
      Put<kPast>(As(T{}, Normalized(by[third], in + x)), d, out + x);
    }
  }
}

template <bool kPlanes, bool kPast, typename T>
void NormalizeBlocks(const Factors (&by)[3], const uint8_t* in, size_t pixels, T* out) {
  for (size_t at = 0; at < pixels; at += kPixels) {
    const size_t x = std::min(at, pixels - kPixels);  // the last overlaps the one before
    if constexpr (kPlanes) {
      ToPlanes<kPast>(by, in + 3 * x, pixels, out + x);
    } else {
      ToPacked<kPast>(by, in + 3 * x, out + 3 * x);
    }
  }
  if (kPast) hwy::FlushStream();
}

// Of planes: one channel's factors each; of packed values: those of three vectors one after the
// other, after which the channels come round again.
template <bool kPlanes>
void MakeFactors(const Normalization& by, Factors (&factors)[3]) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  for (size_t i = 0; i < 3; ++i) {
    HWY_ALIGN float high[kPixels], low[kPixels], bias[kPixels];
    for (size_t lane = 0; lane < lanes; ++lane) {
      const size_t channel = kPlanes ? i : (i * lanes + lane) % 3;
      high[lane] = by.high[channel];
      low[lane] = by.low[channel];
      bias[lane] = by.bias[channel];
    }
    factors[i] = {hn::Load(d, high), hn::Load(d, low), hn::Load(d, bias)};
  }
}

template <bool kPlanes, typename T>
void Normalize(const Normalization& by, const uint8_t* in, size_t pixels, T* out) {
  constexpr size_t kLine = 64;
  Factors factors[3];
  MakeFactors<kPlanes>(by, factors);
  if (pixels < kPixels) {
    uint8_t padded[3 * kPixels] = {};
    T values[3 * kPixels];
    std::memcpy(padded, in, 3 * pixels);
    NormalizeBlocks<kPlanes, false>(factors, padded, kPixels, values);
    for (size_t channel = 0; kPlanes && channel < 3; ++channel) {
      std::copy_n(values + channel * kPixels, pixels, out + channel * pixels);
    }
    if (!kPlanes) std::copy_n(values, 3 * pixels, out);
  } else if (pixels * sizeof(T) % kLine == 0 && reinterpret_cast<uintptr_t>(out) % kLine == 0) {
    NormalizeBlocks<kPlanes, true>(factors, in, pixels, out);
  } else {
    NormalizeBlocks<kPlanes, false>(factors, in, pixels, out);
  }
}

template <typename T>
void Normalize(const Normalization& by, const uint8_t* in, size_t pixels, bool planes, T* out) {
  planes ? Normalize<true>(by, in, pixels, out) : Normalize<false>(by, in, pixels, out);
}

void NormalizeToFloat(const Normalization& by, const uint8_t* in, size_t pixels, bool planes,
                      float* out) {
  Normalize(by, in, pixels, planes, out);
}
void NormalizeToHalf(const Normalization& by, const uint8_t* in, size_t pixels, bool planes,
                     uint16_t* out) {
  Normalize(by, in, pixels, planes, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace flowtrain::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flowtrain::simd {

HWY_EXPORT(NormalizeToFloat);
HWY_EXPORT(NormalizeToHalf);

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

void NormalizeRgb(const Normalization& by, const uint8_t* in, size_t pixels, bool planes,
                  float* out) {
  HWY_DYNAMIC_DISPATCH(NormalizeToFloat)(by, in, pixels, planes, out);
}
void NormalizeRgb(const Normalization& by, const uint8_t* in, size_t pixels, bool planes,
                  uint16_t* out) {
  HWY_DYNAMIC_DISPATCH(NormalizeToHalf)(by, in, pixels, planes, out);
}

}  // namespace flowtrain::simd
#endif
