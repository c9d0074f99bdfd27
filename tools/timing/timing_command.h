// `flowtrain timing GRAPH|RUN`: where does the time go, how fast could it go?
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "pipeline/error.h"
#include "pipeline/signals.h"
#include "tools/load.h"

namespace flowtrain {

struct TimingRequest {
  GraphRequest graph;    // or the folder of a run
  uint64_t steps = 100;  // measured
  uint64_t warm_up = 5;  // steps before them
  double seconds = 60;   // after which it measures no longer
  bool sweep = false, no_device = false, quick = false, ops = false, json = false;
  std::string trace, html;  // files to write; empty: none
};

// Of a graph: runs it, then measures what it consists of alone, and prints the table, the bound and
// the verdict. Of a run: prints its timing.json the same way.
ExitCode TimingOf(const TimingRequest& request, StopSignals& signals, std::ostream& out);

}  // namespace flowtrain
