// Vectors of bytes, compiled once for each instruction set (no include guard but Highway's own).
#if defined(FLOWTRAIN_NODES_AUGMENT_SIMD_BYTES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FLOWTRAIN_NODES_AUGMENT_SIMD_BYTES_INL_H_
#undef FLOWTRAIN_NODES_AUGMENT_SIMD_BYTES_INL_H_
#else
#define FLOWTRAIN_NODES_AUGMENT_SIMD_BYTES_INL_H_
#endif

#include <hwy/highway.h>

namespace flowtrain::simd {
namespace HWY_NAMESPACE {

// 16 bytes, the part within which shuffles are cheap.
using Block = hwy::HWY_NAMESPACE::FixedTag<uint8_t, 16>;
// As many bytes as a register has.
using Bytes = hwy::HWY_NAMESPACE::ScalableTag<uint8_t>;
// The same up to 32: lines of 96 and of 224 pixels are whole vectors of these.
using ShortBytes = hwy::HWY_NAMESPACE::CappedTag<uint8_t, 32>;

}  // namespace HWY_NAMESPACE
}  // namespace flowtrain::simd

#endif
