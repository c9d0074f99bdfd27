// Makes one view of an image from its drawn parameters, with SIMD instructions.
#pragma once

#include <cstdint>

#include "nodes/augment/colour_ops.h"
#include "nodes/augment/fused_taps.h"
#include "nodes/augment/line_reader.h"
#include "nodes/augment/view_params.h"
#include "nodes/augment/view_source.h"
#include "nodes/augment/view_values.h"
#include "nodes/image/aligned_vector.h"
#include "nodes/image/simd/kernels.h"

namespace flowtrain {

// Makes what ReferenceView makes, within rounding: the same bytes for the same parameters on every
// instruction set. Differences come from 16-bit weights (a grey level at most, here and there) and
// from the hue, which is turned in true HSV where Pillow first rounds to HSV of 8 bits.
//
// Keeps its scratch from call to call, so it allocates only for a larger source than it has seen.
// Not thread-safe.
class FusedView {
 public:
  // Whether it can make views of this size with these options.
  static bool Covers(const AugmentOptions& options, int size);

  // Writes size x size packed RGB to `out`: crop resized, flip, colour jitter, grey, blur,
  // solarize.
  void Make(const ViewSource& source, const ViewParams& params, const AugmentOptions& options,
            int size, uint8_t* out);
  // The same view as the values that NormalizeRgb makes of its bytes.
  void Make(const ViewSource& source, const ViewParams& params, const AugmentOptions& options,
            int size, const ViewValues& out);

 private:
  // The view as three planes, row by row or column by column: the operations work on either.
  struct Resized {
    simd::Planes planes;
    size_t pixels;
    bool upright;  // row by row
  };
  // The crop along both axes, in pixels of the source.
  struct Crop {
    AxisBox rows, columns;
  };

  Resized Resize(const ViewSource& source, const ViewParams& params, Interpolation interpolation,
                 int size);
  void GrowForLinesOf(size_t length, size_t side);
  // The axis in which the source's pixels are contiguous is resized last, so that they are read in
  // order.
  void ResizeRgb(const ViewSource& source, const Crop& crop, int size, const simd::Planes& planes);
  void ResizeColumnPlanes(const ViewSource& source, const Crop& crop, int size,
                          const simd::Planes& planes);
  ColourOps Jitter(const Resized& view, const ViewParams& params);
  simd::BlurTaps PlanBlur(float sigma, int radius);
  void Blur(Resized& view, const simd::BlurTaps& taps, int size);
  void TurnUpright(Resized& view, int size);
  void StoreInParts(const Resized& view, const ColourOps& ops, const simd::BlurTaps& taps, int size,
                    const ViewValues& out);

  FusedTaps row_taps_, column_taps_;
  LineReader lines_;
  // The crop, resized along one axis, and the same transposed.
  AlignedVector<uint8_t> combined_, turned_;
  AlignedVector<uint8_t> planes_;  // the view, and one more plane
  AlignedVector<uint16_t> blur_scratch_, blur_weights_;
  AlignedVector<double> gaussian_;
};

}  // namespace flowtrain
