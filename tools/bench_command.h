// `flowtrain bench GRAPH`: does the loader keep up with the training?
#pragma once

#include <cstdint>
#include <ostream>

#include "pipeline/error.h"
#include "pipeline/signals.h"
#include "tools/load.h"

namespace flowtrain {

struct BenchRequest {
  GraphRequest graph;
  int64_t steps = 20;  // optimiser steps a run
  int repeats = 5;     // runs of each kind
};

// Trains the graph's model with its loader, and on fixed batches without one, by turns in one
// process, and prints the medians of both and their ratio. Writes no run directory.
ExitCode Bench(const BenchRequest& request, StopSignals& signals, std::ostream& out);

}  // namespace flowtrain
