// `flowtrain compare GRAPH`: what is each of the guide's settings worth on this machine?
#pragma once

#include <cstdint>
#include <ostream>

#include "pipeline/error.h"
#include "pipeline/signals.h"
#include "tools/load.h"

namespace flowtrain {

struct CompareRequest {
  GraphRequest graph;
  int64_t steps = 10;  // a run
  int repeats = 5;     // of each variant, by turns
  bool markdown = false;
};

// Trains with each variant of each setting by turns and prints images/s, peak memory and what the
// guide says. What the machine cannot try is named with the reason.
ExitCode CompareSettings(const CompareRequest& request, StopSignals& signals, std::ostream& out);

}  // namespace flowtrain
