// Tells what kind of data set lies at a path.
#pragma once

#include <string>

#include "nodes/data/dataset.h"

namespace flowtrain {

// The kind, by the names of the files there; a folder of images where nothing else is known of it.
DatasetKind KindAt(const std::string& path);

}  // namespace flowtrain
