// A view as the values that a network takes, instead of bytes.
#pragma once

#include "nodes/image/simd/normalize.h"

namespace flowtrain {

struct ViewValues {
  const simd::Normalization& by;
  simd::ImageValues to;
};

}  // namespace flowtrain
