// The timeline of a measured run as a file.
#pragma once

#include <string>

#include "pipeline/runtime/trace_ring.h"
#include "tools/timing/graph_run.h"

namespace flowtrain {

// Writes what the ring has seen of the run of the graph `name` as Chrome trace events.
void WriteRunTrace(const std::string& name, const MeasuredRun& measured, const TraceRing& ring,
                   const std::string& path);

}  // namespace flowtrain
