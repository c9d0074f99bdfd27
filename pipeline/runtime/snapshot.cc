#include "pipeline/runtime/snapshot.h"

#include <algorithm>

namespace flowtrain {

Snapshot Snapshot::Since(const Snapshot& earlier) const {
  Snapshot since = *this;
  since.at_ns -= earlier.at_ns;
  since.lane_idle_ns -= earlier.lane_idle_ns;
  since.lane_cpu_ns -= earlier.lane_cpu_ns;
  since.process_cpu_ns -= earlier.process_cpu_ns;
  since.worker_cpu_ns -= earlier.worker_cpu_ns;
  since.outside.ns -= earlier.outside.ns;
  since.outside.bytes -= earlier.outside.bytes;
  since.cpu = cpu.Since(earlier.cpu);
  // A graph that had not begun yet had no nodes to count.
  for (size_t i = 0; i < std::min(nodes.size(), earlier.nodes.size()); ++i) {
    since.nodes[i] = nodes[i].Since(earlier.nodes[i]);
  }
  for (size_t i = 0; i < std::min(pools.size(), earlier.pools.size()); ++i) {
    since.pools[i] = pools[i].Since(earlier.pools[i]);
  }
  return since;
}

uint64_t Snapshot::images() const {
  uint64_t images = 0;
  for (const NodeCounters& node : nodes) {
    if (node.stream == Stream::kSample) images = node.messages - node.bad;
  }
  return images;
}

double Snapshot::waited() const {
  if (at_ns == 0) return 0;
  return std::clamp(static_cast<double>(outside.ns) / static_cast<double>(at_ns), 0.0, 1.0);
}

double Snapshot::lane_busy() const {
  if (at_ns == 0) return 0;
  return std::clamp(1 - static_cast<double>(lane_idle_ns) / static_cast<double>(at_ns), 0.0, 1.0);
}

double Snapshot::cores_in_use() const {
  if (at_ns == 0) return 0;
  double cpu_ns = static_cast<double>(process_cpu_ns) - static_cast<double>(worker_cpu_ns);
  for (const NodeCounters& node : nodes) {
    if (!node.on_lane) cpu_ns += static_cast<double>(node.service_ns) * node.cpu_share();
  }
  return std::max(0.0, cpu_ns) / static_cast<double>(at_ns);
}

double Snapshot::images_per_s() const {
  return at_ns == 0 ? 0.0 : static_cast<double>(images()) / seconds();
}

}  // namespace flowtrain
