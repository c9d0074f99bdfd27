// Files that are left out of a data set from the start.
#pragma once

#include "nodes/data/dataset.h"
#include "nodes/run/run_dir.h"

namespace flowtrain {

// Lists them in the run's bad_images.csv, and warns of those that were not in it. Throws
// std::runtime_error where the disk fails.
void ListLeftOut(const ImageDataset& dataset, RunDir& run_dir);

}  // namespace flowtrain
