#include "tools/tune/tune_plan.h"

#include <algorithm>
#include <cmath>

#include "pipeline/graph/describe.h"

namespace flowtrain {

TunePlan PlanFor(const GraphDef& def, const Registry& registry, const Capacity& most,
                 const Snapshot& part, double cores) {
  TunePlan plan;
  plan.most = most;
  const auto elapsed_ns = static_cast<double>(std::max<uint64_t>(1, part.at_ns));
  const double lane_cores = static_cast<double>(part.lane_cpu_ns) / elapsed_ns;
  plan.cores = std::max(1, static_cast<int>(std::lround(cores - std::min(1.0, lane_cores))));
  for (const NodeDef& node : def.nodes) {
    plan.names.push_back(node.name);
    plan.tunable.push_back(internal::RunsOnOf(registry.Find(node.type)->spec) ==
                           internal::RunsOn::kWorkers);
  }
  return plan;
}

}  // namespace flowtrain
