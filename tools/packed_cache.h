// `data.cache: packed`: a packed file that stands in for the configured data set.
#pragma once

#include <stdexcept>
#include <string>

#include "nodes/source/dataset.h"
#include "pipeline/config.h"
#include "pipeline/signals.h"

namespace flowtrain {

// The packing was ended by a signal.
class PackingStopped : public std::runtime_error {
 public:
  PackingStopped() : std::runtime_error("interrupted: the packed cache was not made") {}
};

// Where the packed file of a data set is kept if data.cache_file does not say: beside data.root,
// or, where that folder cannot be written or there is none, in $XDG_CACHE_HOME/flowtrain
// (~/.cache/flowtrain).
std::string DefaultCacheFile(const DatasetOptions& dataset);

// The packed file of the data set that the configuration names, as it is now: the one there is, or
// a new one, with a log line for either. Throws DataError where it cannot be made and where
// data.cache_file is something else, ConfigError for a missing key, PackingStopped after a signal.
// `signals` may be null.
std::string PackedCacheOf(const Config& config, StopSignals* signals);

}  // namespace flowtrain
