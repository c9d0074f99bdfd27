// `data.cache: packed`: a packed file that stands in for the configured data set.
#pragma once

#include <string>

#include "nodes/data/dataset.h"
#include "pipeline/config/config.h"
#include "tools/process/signals.h"

namespace flowtrain {

// Where the packed file of a data set is kept if data.cache_file does not say: beside data.root,
// or, where that folder cannot be written or there is none, in $XDG_CACHE_HOME/flowtrain
// (~/.cache/flowtrain).
std::string DefaultCacheFile(const DatasetOptions& dataset);

// The packed file of the data set that the configuration names, as it is now: the one there is, or
// a new one, with a log line for either. Throws DataError where it cannot be made and where
// data.cache_file is something else, ConfigError for a missing key, Interrupted after a signal.
// `signals` may be null.
std::string PackedCacheOf(const Config& config, StopSignals* signals);

}  // namespace flowtrain
