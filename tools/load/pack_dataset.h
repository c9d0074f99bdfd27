// Packing a data set with what a user sees of it: progress, bad images, Ctrl-C.
#pragma once

#include <optional>
#include <string>

#include "nodes/data/dataset.h"
#include "nodes/pack/pack_images.h"
#include "pipeline/config/config.h"
#include "tools/process/signals.h"

namespace flowtrain {

// What data.kind, data.root and data.splits of the configuration say, as far as they are there.
// Throws ConfigError for an unknown kind.
DatasetOptions DatasetPlaceOf(const Config& config);

// What data.*, sample.* and train.seed of the configuration say. Throws ConfigError for a missing
// key.
DatasetOptions DatasetOptionsOf(const Config& config);

// Packs the data set to `path` on all cores, over what is there. Progress goes to the terminal's
// last line, or to the log now and then. With `signals` (may be null) a signal ends it and leaves
// no file. Throws DataError as OpenImageSet and PackImages do.
PackResult PackDataset(const DatasetOptions& dataset, const std::string& path, int max_side,
                       double max_bad_fraction, StopSignals* signals);

}  // namespace flowtrain
