// limits.host_memory: a run that would take more is refused before it takes any memory.
#pragma once

#include "pipeline/config/config.h"
#include "pipeline/runtime/graph.h"

namespace flowtrain {

// Compares the most that the batch buffers and the cache of decoded images can take with the
// graph's limits.host_memory ("8 GiB", "50%" of what is available; empty or absent: no limit). Call
// it before the graph opens. Throws ConfigError that says what to lower.
void CheckHostMemory(const Graph& graph, const Config& config);

}  // namespace flowtrain
