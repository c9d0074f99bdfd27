// `flowtrain bench loader GRAPH`: how fast is the loader by itself?
#pragma once

#include <ostream>

#include "pipeline/error.h"
#include "pipeline/signals.h"
#include "tools/bench_loader_run.h"
#include "tools/load.h"

namespace flowtrain {

struct LoaderBenchRequest {
  GraphRequest graph;
  LoaderTimes times;
  int repeats = 3;
  double device_rate = 0;    // images/s of a device that takes the batches; 0: none
  bool skip_engine = false;  // do not measure the engine's share
  bool json = false;
};

// Runs the graph up to the node that collates, without a device or a model, and prints what it
// delivers. By turns with these runs, and unless told to skip it, the engine's share of the time is
// measured on one core.
ExitCode BenchLoader(const LoaderBenchRequest& request, StopSignals& signals, std::ostream& out);

}  // namespace flowtrain
