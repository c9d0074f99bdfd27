#include "tools/timing/setting_limits.h"

#include <algorithm>
#include <cmath>

namespace flowtrain {
namespace {

constexpr int kFewestThreads = 4;
constexpr int kMostSlotsAThread = 8;
constexpr int kBatchSlots = 6;

}  // namespace

Capacity LimitsFor(const GraphDef& def, double cores) {
  Capacity limits;
  limits.threads = std::max({def.workers, kFewestThreads, 2 * static_cast<int>(std::ceil(cores))});
  limits.sample_slots = std::max(def.sample_slots, kMostSlotsAThread * limits.threads);
  limits.batch_slots = std::max(def.batch_slots, kBatchSlots);
  return limits;
}

}  // namespace flowtrain
