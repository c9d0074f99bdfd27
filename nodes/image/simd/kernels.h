// Kernels of the fused augmentation, on planes of uint8. Each runs the best instruction set of the
// processor (SSE4, AVX2, AVX-512, NEON, …), chosen when the program runs, and uses integer
// arithmetic only, so that all of them give the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace flowtrain::simd {

// Reading or writing a plane may run over its end by less than this.
inline constexpr size_t kSlackBytes = 64;
// A shorter row or plane side needs another way.
inline constexpr int kLeastLength = 16;

// Which rows make each output row, and with which weights.
struct RowTaps {
  int outputs = 0;
  int taps = 0;                // of each output
  const int* begin = nullptr;  // first row of each output
  // taps for each output: uint16, 1 = 2^16 - 1; where `is_signed`, int16, 1 = 2^14.
  const uint16_t* weights = nullptr;
  bool is_signed = false;
};

// out[i][x] = sum over k of weight[i][k] in[begin[i] + k][x], rounded to the nearest and clipped.
// `length` bytes per row, at least kLeastLength; strides in bytes. `out` and `in` do not overlap.
void CombineRows(const RowTaps& taps, const uint8_t* in, size_t in_stride, size_t length,
                 uint8_t* out, size_t out_stride);

// out[x][y] = in[y][x]. Both sides at least kLeastLength; strides in bytes.
void TransposeBytes(const uint8_t* in, size_t in_stride, size_t rows, size_t columns, uint8_t* out,
                    size_t out_stride);

// R G B R G B … of three planes; `pixels` at least kSlackBytes. Writes exactly 3 x pixels bytes.
void InterleaveRgb(const uint8_t* red, const uint8_t* green, const uint8_t* blue, size_t pixels,
                   uint8_t* out);

// An image of half the size, sides rounded up: means of 2 x 2 pixels, at an odd border of those
// that exist. Halves are rounded up in even rows, down in odd ones. Both packed RGB, of any size
// from 1x1.
void HalveRgb(const uint8_t* in, size_t height, size_t width, uint8_t* out);

// A pixel operation with its constants in fixed point; colour_ops.h makes one.
struct ColourOp {
  enum class Kind : uint8_t {
    kBrightness,
    kContrastDown,  // factor below 1
    kContrastUp,
    kSaturationDown,  // factor below 1
    kSaturationUp,
    kHue,
    kGrey,
    kSolarize,
  };
  Kind kind = Kind::kGrey;
  int doublings = 1;  // of the product of value and factor: it has 8 - doublings fraction bits
  // Of the value; hue: of the chroma, int16. Solarize: the least value that is inverted, times 256.
  int factor = 0;
  // Contrast: what is added or taken away; saturation: factor of the luma that is.
  int second = 0;
};

// The planes of a view.
struct Planes {
  uint8_t *red, *green, *blue;
};

inline constexpr size_t kMostColourOps = 6;

// Applies up to kMostColourOps operations one after the other, in place, and returns the sum of the
// pixels' luma after the last where `sum_luma` is set. The planes have kSlackBytes of slack.
uint64_t ApplyColour(const Planes& planes, size_t pixels, std::span<const ColourOp> ops,
                     bool sum_luma);

// The largest radius of a blur's kernel: above it, what its products drop would be seen.
inline constexpr int kMostRadius = 60;

// Symmetric kernel: weights[0] is the centre's, weights[i] that of both pixels at distance i,
// uint16 with 1 = 2^16 - 1.
struct BlurTaps {
  int radius = 0;
  const uint16_t* weights = nullptr;
};

// Blurs a plane of rows x columns bytes along both axes, mirrored at the borders' pixels, and writes
// the rows [begin, end) of the result to theirs of `out`, another plane. `scratch`:
// BlurScratch(columns) values. Both planes have kSlackBytes of slack.
void BlurRows(const BlurTaps& taps, const uint8_t* plane, int rows, int columns, int begin, int end,
              uint16_t* scratch, uint8_t* out);

// Two rows at a time, each as its even and its odd pixels, with half of kMostRadius on both sides.
inline constexpr size_t kHalfRowMargin = 32;
inline size_t HalfRowStride(int columns) {
  constexpr size_t kLanes = kSlackBytes / sizeof(uint16_t);
  return (static_cast<size_t>(columns) / 2 + kLanes) / kLanes * kLanes + 2 * kHalfRowMargin;
}
inline size_t BlurScratch(int columns) { return 4 * HalfRowStride(columns); }

}  // namespace flowtrain::simd
