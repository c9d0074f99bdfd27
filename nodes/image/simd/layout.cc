#include "nodes/image/simd/kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nodes/image/simd/layout.cc"
#include <hwy/foreach_target.h>
//
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>

#include "nodes/image/simd/bytes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace flowtrain::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kBlock = 16;

// Stores each block of 16 bytes of a vector to a row of its own.
template <class D8, class V>
void StoreBlocks(D8 d8, V v, uint8_t* out, size_t stride) {
  if constexpr (MaxLanes(D8()) == kBlock) {
    hn::StoreU(v, d8, out);
  } else {
    const hn::Half<D8> half;
    StoreBlocks(half, hn::LowerHalf(half, v), out, stride);
    StoreBlocks(half, hn::UpperHalf(half, v), out + hn::Lanes(half) * stride, stride);
  }
}

// Interleaves the lower (upper) halves of each block, in units of T.
template <typename T, class D8, class V>
V Lower(D8 d8, V a, V b) {
  const hn::Repartition<T, D8> d;
  return hn::BitCast(d8, hn::InterleaveLower(d, hn::BitCast(d, a), hn::BitCast(d, b)));
}
template <typename T, class D8, class V>
V Upper(D8 d8, V a, V b) {
  const hn::Repartition<T, D8> d;
  return hn::BitCast(d8, hn::InterleaveUpper(d, hn::BitCast(d, a), hn::BitCast(d, b)));
}

// Transposes 4 x 4 units of T, block by block: v[j] then holds unit j of all four (pairs first).
template <typename T, typename T2, class D8, class V>
void TransposeFour(D8 d8, V& v0, V& v1, V& v2, V& v3) {
  const V low01 = Lower<T>(d8, v0, v1), high01 = Upper<T>(d8, v0, v1);
  const V low23 = Lower<T>(d8, v2, v3), high23 = Upper<T>(d8, v2, v3);
  v0 = Lower<T2>(d8, low01, low23);
  v1 = Upper<T2>(d8, low01, low23);
  v2 = Lower<T2>(d8, high01, high23);
  v3 = Upper<T2>(d8, high01, high23);
}

// 16 rows by the lanes of a vector, block by block.
template <class D8>
HWY_INLINE void TransposeSixteen(D8 d8, const uint8_t* HWY_RESTRICT in, size_t in_stride,
                                 uint8_t* HWY_RESTRICT out, size_t out_stride) {
  using V = hn::Vec<D8>;
  V g[4][4];
  for (size_t i = 0; i < 4; ++i) {
    for (size_t j = 0; j < 4; ++j) g[i][j] = hn::LoadU(d8, in + (4 * i + j) * in_stride);
    // Now bytes 4j … 4j + 3 of four rows, byte by byte, in g[i][j].
    TransposeFour<uint8_t, uint16_t>(d8, g[i][0], g[i][1], g[i][2], g[i][3]);
  }
  for (size_t j = 0; j < 4; ++j) {
    V v0 = g[0][j], v1 = g[1][j], v2 = g[2][j], v3 = g[3][j];
    TransposeFour<uint32_t, uint64_t>(d8, v0, v1, v2, v3);
    uint8_t* to = out + 4 * j * out_stride;
    StoreBlocks(d8, v0, to, out_stride);
    StoreBlocks(d8, v1, to + out_stride, out_stride);
    StoreBlocks(d8, v2, to + 2 * out_stride, out_stride);
    StoreBlocks(d8, v3, to + 3 * out_stride, out_stride);
  }
}

// The last strip may overlap the one before: what is written twice is the same.
template <class D8>
void TransposeStrip(D8 d8, const uint8_t* in, size_t in_stride, size_t rows, uint8_t* out,
                    size_t out_stride) {
  for (size_t at = 0; at < rows; at += kBlock) {
    const size_t y = std::min(at, rows - kBlock);
    TransposeSixteen(d8, in + y * in_stride, in_stride, out + y, out_stride);
  }
}

void TransposeBytesTarget(const uint8_t* in, size_t in_stride, size_t rows, size_t columns,
                          uint8_t* out, size_t out_stride) {
  const ShortBytes wide;
  const size_t lanes = hn::Lanes(wide);
  size_t x = 0;
  for (; x + lanes <= columns; x += lanes) {
    TransposeStrip(wide, in + x, in_stride, rows, out + x * out_stride, out_stride);
  }
  for (; x < columns; x += kBlock) {
    x = std::min(x, columns - kBlock);
    TransposeStrip(Block(), in + x, in_stride, rows, out + x * out_stride, out_stride);
  }
}

template <class D8>
HWY_INLINE void InterleaveVector(D8 d8, const uint8_t* HWY_RESTRICT red,
                                 const uint8_t* HWY_RESTRICT green,
                                 const uint8_t* HWY_RESTRICT blue, uint8_t* HWY_RESTRICT out) {
  hn::StoreInterleaved3(hn::LoadU(d8, red), hn::LoadU(d8, green), hn::LoadU(d8, blue), d8, out);
}

void InterleaveRgbTarget(const uint8_t* HWY_RESTRICT red, const uint8_t* HWY_RESTRICT green,
                         const uint8_t* HWY_RESTRICT blue, size_t pixels,
                         uint8_t* HWY_RESTRICT out) {
  const Bytes d8;
  const size_t lanes = hn::Lanes(d8);
  if (pixels % lanes != 0 || reinterpret_cast<uintptr_t>(out) % lanes != 0) {
    for (size_t at = 0; at < pixels; at += lanes) {
      const size_t i = std::min(at, pixels - lanes);
      InterleaveVector(d8, red + i, green + i, blue + i, out + 3 * i);
    }
    return;
  }
  // Past the caches: a row of a batch is next read by the device, and fetching its lines only to
  // overwrite them takes memory bandwidth (6 % of the pipeline on one core).
  HWY_ALIGN uint8_t packed[3 * HWY_MAX_BYTES];
  for (size_t i = 0; i < pixels; i += lanes, out += 3 * lanes) {
    InterleaveVector(d8, red + i, green + i, blue + i, packed);
    for (size_t k = 0; k < 3 * lanes; k += lanes) hn::Stream(hn::Load(d8, packed + k), d8, out + k);
  }
  hwy::FlushStream();
}

}  // namespace HWY_NAMESPACE
}  // namespace flowtrain::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flowtrain::simd {

HWY_EXPORT(TransposeBytesTarget);
HWY_EXPORT(InterleaveRgbTarget);

void TransposeBytes(const uint8_t* in, size_t in_stride, size_t rows, size_t columns, uint8_t* out,
                    size_t out_stride) {
  HWY_DYNAMIC_DISPATCH(TransposeBytesTarget)(in, in_stride, rows, columns, out, out_stride);
}

void InterleaveRgb(const uint8_t* red, const uint8_t* green, const uint8_t* blue, size_t pixels,
                   uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(InterleaveRgbTarget)(red, green, blue, pixels, out);
}

}  // namespace flowtrain::simd
#endif
