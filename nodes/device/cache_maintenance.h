// Gives back memory that the run's caches hold and nothing uses.
#pragma once

#include <cstdint>

#include "nodes/data/cache/decoded_cache.h"
#include "nodes/device/device.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// After the last step of every N-th epoch, empties the device allocator's cache and logs how much
// it gave back: memory that other programs on the GPU can then use, and fewer fragments. Does
// nothing on a CPU.
//
// Where decoded images are kept in memory, frees the evicted ones after the last step of every
// epoch, and logs how full the cache is and how many of the look-ups since its previous line it
// answered. The loader is ahead of the steps, so these figures cover roughly one epoch.
//
// Input   steps  step
// Output  kept   step
// Threads the device lane.
//
// Example:
//   cache_maintenance: {type: CacheMaintenance, in: steps, out: kept, options: {every_epochs: 5}}
class CacheMaintenance final : public StepNode {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
  void Process(Step& step) override;

 private:
  void EmptyDeviceCache();
  void TendDecodedCache();

  int every_epochs_ = 0;  // option
  Device* device_ = nullptr;
  DecodedCache* decoded_ = nullptr;               // null: the graph has none, or it keeps nothing
  uint64_t hits_before_ = 0, misses_before_ = 0;  // at the previous log line
};

}  // namespace flowtrain
