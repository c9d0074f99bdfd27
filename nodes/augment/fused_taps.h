// The resizing plan of one axis for the fused augmentation.
#pragma once

#include <cstdint>
#include <vector>

#include "nodes/augment/view_params.h"
#include "nodes/image/simd/kernels.h"

namespace flowtrain {

// The part of an axis that is resized: `length` pixels from `first` on, fractions included; only
// pixels in [low, high) are read.
struct AxisBox {
  double first, length;
  int low, high;
};

// Like AxisTaps, but with 16-bit weights, the same number of taps for every output, and a box that
// may begin within a pixel.
class FusedTaps {
 public:
  // Allocates what a plan for any crop of `length` pixels can need.
  void Reserve(int length, int outputs, Interpolation interpolation);

  // `mirrored`: the outputs run from the far end to the near one.
  void Plan(const AxisBox& box, int outputs, Interpolation interpolation, bool mirrored);

  // Counts rows from `low`; valid until the next Plan.
  simd::RowTaps rows() const;

 private:
  void PlanLinear(const AxisBox& box, int outputs, bool mirrored);
  // `largest`: of the output's weights.
  void Quantise(double sum, size_t largest, size_t output);

  bool is_signed_ = false;
  int taps_ = 0;
  std::vector<int> begin_;
  std::vector<uint16_t> weights_;
  std::vector<double> filter_;  // scratch: weights of one output before they are normalised
};

}  // namespace flowtrain
