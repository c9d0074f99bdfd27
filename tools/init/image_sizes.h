// How large the images of a data set are.
#pragma once

#include <cstdint>
#include <string>

#include "nodes/data/image_set.h"

namespace flowtrain {

// The shorter sides of some images, pixels.
struct ShorterSides {
  int least = 0, median = 0, most = 0;  // the median: of an even number, the lower one
  uint64_t images = 0;                  // that were looked at and can be used
  uint64_t bad = 0;                     // that were looked at and cannot
  std::string first_bad;                // "cat/1.jpg: the file is empty"
};

// Looks at `most` images, or all of a smaller set, spread evenly over it. Throws DataError where
// none of them can be used.
ShorterSides LookAtImages(const ImageSet& set, uint64_t most = 64);

}  // namespace flowtrain
