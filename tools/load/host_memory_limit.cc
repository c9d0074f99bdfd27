#include "tools/load/host_memory_limit.h"

#include <cstdint>
#include <string>

#include "pipeline/base/error.h"
#include "pipeline/base/memory_budget.h"
#include "pipeline/base/text/units.h"
#include "tools/load/load.h"

namespace flowtrain {
void CheckHostMemory(const Graph& graph, const Config& config) {
  const std::string& limit_text = graph.def().host_memory;
  const auto* stage = FindComponent<CollateNode>(graph);
  if (limit_text.empty() || stage == nullptr) return;
  const uint64_t available = AvailableMemory();
  const uint64_t limit = ParseMemorySize(limit_text, available);
  const auto slots = static_cast<uint64_t>(graph.capacity().batch_slots);
  const uint64_t batches = stage->Layout().bytes() * slots;
  uint64_t cache = 0;
  if (config.GetOr<std::string>("data.cache", "none") == "memory") {
    cache = ParseMemorySize(config.GetOr<std::string>("data.cache_budget", "0"), available);
  }
  if (batches + cache <= limit) return;
  std::string message =
      "the run would take " + ShowGib(batches) + " for " + std::to_string(slots) + " batch buffers";
  if (cache > 0) message += " and " + ShowGib(cache) + " for the cache of decoded images";
  throw ConfigError(message + ", and limits.host_memory allows " + ShowGib(limit) +
                    "; lower data.batch_slots, data.batch_size" +
                    (cache > 0 ? " or data.cache_budget" : "") + ", or raise the limit");
}

}  // namespace flowtrain
