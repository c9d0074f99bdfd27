// `flowtrain GRAPH`: a training run.
#pragma once

#include "pipeline/error.h"
#include "pipeline/signals.h"
#include "tools/load.h"

namespace flowtrain {

// Trains to the end, or to the first signal. Throws what keeps the run from starting; what fails
// while it runs is logged, in the run directory's log too.
ExitCode Train(const GraphRequest& request, bool quiet, StopSignals& signals);

}  // namespace flowtrain
