// `data.cache: packed`: a packed file that stands in for the configured data set.
#pragma once

#include <string>

#include "nodes/data/dataset.h"
#include "pipeline/config/config.h"
#include "tools/process/signals.h"

namespace flowtrain {

// Where the packed file of a data set is kept unless data.cache_file says: beside data.root or, if
// that folder cannot be written or does not exist, in $XDG_CACHE_HOME/flowtrain
// (~/.cache/flowtrain).
std::string DefaultCacheFile(const DatasetOptions& dataset);

// The packed file of the configured data set as it is now: the existing one, or a new one, with a
// log line for either. Throws DataError if it cannot be made or data.cache_file is something else,
// ConfigError for a missing key, Interrupted after a signal. `signals` may be null.
std::string PackedCacheOf(const Config& config, StopSignals* signals);

}  // namespace flowtrain
