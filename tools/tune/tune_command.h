// `flowtrain tune GRAPH`: finds the worker counts, slots and batch buffers that are fastest here.
#pragma once

#include <ostream>
#include <string>

#include "pipeline/error.h"
#include "pipeline/signals.h"
#include "tools/load.h"

namespace flowtrain {

struct TuneRequest {
  GraphRequest graph;
  std::string to;          // file; empty: configs/tuned/HOST.yaml
  double seconds = 0.5;    // of one try
  int max_threads = 0;     // 0: twice the cores
  bool no_device = false;  // the loader alone
};

// Runs the graph, tries settings on it while it runs, prints what was tried and what it is worth,
// and writes the best. A signal ends the search; the best so far is written all the same.
ExitCode TuneGraph(const TuneRequest& request, StopSignals& signals, std::ostream& out);

}  // namespace flowtrain
