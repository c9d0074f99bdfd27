#include "tools/timing/lift_limits.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace flowtrain {
namespace {

using Kind = Limit::Kind;

constexpr int kMostChanges = 32;

bool RaiseWorkers(size_t index, const RunLoad& load, double wanted, int most,
                  GraphSettings& settings) {
  const NodeLoad& node = load.nodes[index];
  if (node.serial) return false;
  int& now = settings.workers[index];
  const int workers = node.WorkersFor(wanted, most);
  if (node.Rate(workers) <= node.Rate(now) * (1 + kAlike)) return false;
  now = workers;
  return true;
}

bool Scale(int& setting, double ratio, int most) {
  const int now = setting;
  const double scaled = std::ceil(now * std::min(ratio, 1e3) - 0.05);
  setting = std::clamp(static_cast<int>(scaled), now, std::max(now, most));
  return setting != now;
}

// Lifts the limit by one step; false if no setting lifts it.
bool Lift(const Limit& limit, const RunLoad& load, const Capacity& most, GraphSettings& settings) {
  // What the other limits allow is what is wanted of this one.
  double wanted = BoundOf(load, most).images_per_s;
  for (const Limit& other : LimitsOf(load, settings)) {
    const bool same = other.kind == limit.kind && other.node == limit.node;
    if (!same && other.images_per_s > limit.images_per_s * (1 + kAlike)) {
      wanted = std::min(wanted, other.images_per_s);
    }
  }
  const double ratio = wanted / limit.images_per_s;
  switch (limit.kind) {
    case Kind::kNode:
      return RaiseWorkers(limit.node, load, wanted, most.threads, settings);
    case Kind::kThreads:
      return Scale(settings.threads, ratio, most.threads);
    case Kind::kSampleSlots:
      return Scale(settings.sample_slots, ratio, most.sample_slots);
    case Kind::kBatchSlots:
      return Scale(settings.batch_slots, ratio, most.batch_slots);
    default:
      return false;
  }
}

}  // namespace

Limit HoldingLimit(const RunLoad& load, const GraphSettings& settings) {
  const std::vector<Limit> limits = LimitsOf(load, settings);
  const double near = limits.front().images_per_s * (1 + kAlike);
  for (const Kind fixed : {Kind::kCores, Kind::kLane}) {
    for (const Limit& limit : limits) {
      if (limit.kind == fixed && limit.images_per_s <= near) return limit;
    }
  }
  return limits.front();
}

Limit LiftLimits(const Limit& holding, const RunLoad& load, const Capacity& most,
                 GraphSettings& settings) {
  Limit next = holding;
  for (int i = 0; i < kMostChanges && Lift(next, load, most, settings); ++i) {
    next = HoldingLimit(load, settings);
  }
  return next;
}

}  // namespace flowtrain
