// Whether a data set is still the one that was packed.
#pragma once

#include <cstdint>

#include "nodes/data/dataset.h"

namespace flowtrain {

// Tells one state of a data set, and of what is made from it, from another: kind, place, options,
// and the paths, sizes and times of the files. Throws ConfigError for a folder that is not there,
// DataError for one that cannot be read.
uint64_t FingerprintOf(const DatasetOptions& options, int max_side);

}  // namespace flowtrain
