// A picture of pairs of views.
#pragma once

#include <cstdint>
#include <vector>

#include "nodes/run/step_record.h"

namespace flowtrain {

struct ViewGrid {
  int height = 0, width = 0;
  std::vector<uint8_t> pixels;  // [height, width, 3] RGB
};

// A column for each image, its first view above its second one, on white.
ViewGrid MakeViewGrid(const ViewPairs& pairs);

}  // namespace flowtrain
