// Packing a data set, with what a user sees of it: progress, bad images, Ctrl-C.
#pragma once

#include <optional>
#include <string>

#include "nodes/data/dataset.h"
#include "nodes/pack/pack_images.h"
#include "pipeline/config/config.h"
#include "tools/process/signals.h"

namespace flowtrain {

// The configuration's data.kind, data.root and data.splits, as far as they are given.
// Throws ConfigError for an unknown kind.
DatasetOptions DatasetPlaceOf(const Config& config);

// The configuration's data.*, sample.* and train.seed. Throws ConfigError for a missing key.
DatasetOptions DatasetOptionsOf(const Config& config);

// The share of unreadable images at which packing gives up, and what a user calls it.
struct BadLimit {
  double fraction;
  std::string name;
};

// Packs the data set to `path` on all cores and overwrites what is there. Progress goes to the
// terminal's last line, or occasionally to the log. With `signals` (may be null) a signal ends it
// and leaves no file. Throws DataError as OpenImageSet and PackImages do.
PackResult PackDataset(const DatasetOptions& dataset, const std::string& path, int max_side,
                       const BadLimit& bad_limit, StopSignals* signals);

}  // namespace flowtrain
