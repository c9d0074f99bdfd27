#include "tools/load/host_memory_limit.h"

#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "tools/load/load.h"

namespace flowtrain {
namespace {

std::string ShowNeed(const HostMemoryNeed& need) {
  std::string text =
      ShowGib(need.batch_bytes) + " for " + std::to_string(need.batch_slots) + " batch buffers";
  if (need.cache_bytes > 0) {
    text += " and " + ShowGib(need.cache_bytes) + " for the cache of decoded images";
  }
  return text;
}

}  // namespace

uint64_t MemoryCacheBytes(const Config& config, uint64_t available) {
  if (config.GetOr<std::string>("data.cache", "none") != "memory") return 0;
  return ParseMemorySize(config.GetOr<std::string>("data.cache_budget", "0"), available);
}

std::string HostMemoryWarning(const HostMemoryNeed& need, const MemoryRoom& room) {
  if (need.batch_bytes + need.cache_bytes <= room.bytes) return {};
  return "the run takes up to " + ShowNeed(need) + ", and " + ShowGib(room.bytes) +
         " of memory are available" + CgroupNote(room) + ": it may be killed; lower " +
         (need.cache_bytes > 0 ? "data.batch_slots, data.batch_size or data.cache_budget"
                               : "data.batch_slots or data.batch_size");
}

void CheckHostMemory(const Graph& graph, const Config& config) {
  const auto* stage = FindComponent<CollateNode>(graph);
  if (stage == nullptr) return;
  const MemoryRoom room = AvailableMemoryRoom();
  HostMemoryNeed need;
  need.batch_slots = static_cast<uint64_t>(graph.capacity().batch_slots);
  need.batch_bytes = stage->Layout().bytes() * need.batch_slots;
  need.cache_bytes = MemoryCacheBytes(config, room.bytes);
  const std::string& limit_text = graph.def().host_memory;
  if (!limit_text.empty()) {
    const uint64_t limit = ParseMemorySize(limit_text, room.bytes);
    if (need.batch_bytes + need.cache_bytes > limit) {
      throw ConfigError(
          "the run would take " + ShowNeed(need) + ", and limits.host_memory allows " +
          ShowGib(limit) + "; " + "lower data.batch_slots, data.batch_size" +
          (need.cache_bytes > 0 ? " or data.cache_budget" : "") + ", or raise the limit");
    }
  }
  // The cache lowers such a budget by itself when it opens.
  if (need.cache_bytes > room.bytes) need.cache_bytes = room.bytes / 2;
  const std::string warning = HostMemoryWarning(need, room);
  if (!warning.empty()) LogWarning(warning);
}

}  // namespace flowtrain
