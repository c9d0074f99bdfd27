// Resizing with antialiasing, as Pillow's BILINEAR and BICUBIC do it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nodes/image/filter.h"

namespace flowtrain {

// A rectangle of a uint8 RGB image.
struct RgbRegion {
  const uint8_t* first;  // its upper left pixel
  size_t row_bytes;      // from a row to the next
  int height, width;     // pixels, at least 1
};

// `count` pixels from `first` on, of an axis that is resized to `full` pixels.
struct OutputRange {
  int64_t full, first;
  int count;
};

// Which input pixels make each output pixel of one axis, and with which weight.
//
// An output pixel's centre c = (i + 1/2) in/out is weighed against the centres of the input pixels
// by a filter (nodes/image/filter.h) that is widened by max(1, in/out): plain interpolation when
// enlarging, an average over all that the pixel covers when shrinking. Weights sum to 1 in fixed
// point, kWeightBits bits.
class AxisTaps {
 public:
  static constexpr int kWeightBits = 22;

  struct Taps {
    int begin, count;
    const int32_t* weights;
  };

  void Plan(int in, const OutputRange& out, Interpolation interpolation);
  Taps operator[](int i) const {
    const auto at = static_cast<size_t>(i);
    return {begin_[at], count_[at], weights_.data() + at * stride_};
  }
  // Input pixels that any of the outputs needs: [begin, end).
  int begin() const { return begin_.front(); }
  int end() const { return begin_.back() + count_.back(); }

 private:
  std::vector<int> begin_, count_;
  std::vector<int32_t> weights_;  // stride_ for each output
  size_t stride_ = 0;
  std::vector<double> filter_;  // scratch: weights of one output before they are normalised
};

// Resizes; keeps its scratch from call to call. Not thread-safe.
class Resampler {
 public:
  // Writes rows.count x columns.count packed pixels of the resized region to `out`: columns first,
  // rounded to uint8, then rows, rounded again. Pixels outside the region are not used.
  void Resize(const RgbRegion& in, const OutputRange& rows, const OutputRange& columns,
              uint8_t* out, Interpolation interpolation = Interpolation::kBilinear);

 private:
  void ResizeColumns(const RgbRegion& in, int columns);
  void ResizeRows(int rows, size_t row_bytes, uint8_t* out);

  AxisTaps column_taps_, row_taps_;
  std::vector<uint8_t> middle_;  // the input rows that are needed, with resized columns
  std::vector<int32_t> sums_;    // of one output row
};

}  // namespace flowtrain
