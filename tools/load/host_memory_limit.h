// Looks at the host's memory before a run takes any.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/base/memory_budget.h"
#include "pipeline/config/config.h"
#include "pipeline/runtime/graph.h"

namespace flowtrain {

// Compares the most that the batch buffers and the cache of decoded images can take with the
// graph's limits.host_memory ("8 GiB", "50%" of what is available; empty or absent: no limit), and
// warns where the machine or a memory cgroup has less. Call it before the graph opens. Throws
// ConfigError that says what to lower.
void CheckHostMemory(const Graph& graph, const Config& config);

// The most that the cache of decoded images takes in memory, where so much is available.
uint64_t MemoryCacheBytes(const Config& config, uint64_t available);

// What a run takes of the host's memory, beside the libraries and the network.
struct HostMemoryNeed {
  uint64_t batch_slots = 0, batch_bytes = 0;  // of all buffers
  uint64_t cache_bytes = 0;
};
// The warning where that is more than there is; empty where it is not.
std::string HostMemoryWarning(const HostMemoryNeed& need, const MemoryRoom& room);

}  // namespace flowtrain
