// The constants of the fused colour operations.
#pragma once

#include "nodes/image/simd/kernels.h"

namespace flowtrain {

// Factors of brightness, contrast and saturation lie in [0, kLargestFactor).
inline constexpr float kLargestFactor = 64;

simd::ColourOp BrightnessOp(float factor);
// `mean` of the luma, rounded to an integer.
simd::ColourOp ContrastOp(float factor, int mean);
simd::ColourOp SaturationOp(float factor);
// `turn` of the hue circle, in [-1/2, 1/2].
simd::ColourOp HueOp(float turn);
simd::ColourOp GreyOp();
// `threshold` from 0 to 255.
simd::ColourOp SolarizeOp(int threshold);

}  // namespace flowtrain
