// The parameters that say which run it is, and where it goes on. They hold for one run alone: the
// config.yaml of a run is for others too.
#pragma once

#include <string>

#include "pipeline/config/config.h"

namespace flowtrain {

bool IsOfOneRun(const std::string& key);

// The resolved parameters for a run's config.yaml, without those of this run alone.
std::string ParametersForOthers(const Config& config);

// For a run that does not go on with another. The parameters that say where a run goes on are those
// of `defaults`: others in a file, which an older program wrote for another run, are left out with a
// warning, and so is a run.path that is the folder of the file. Throws ConfigError for others given
// with --set.
void LeaveOutOtherRuns(const Config& defaults, Config& config);

}  // namespace flowtrain
