// Gives the device allocator's unused memory back now and then.
#pragma once

#include "nodes/train/device.h"
#include "pipeline/node.h"

namespace flowtrain {

// After the last step of every N-th epoch, empties the device allocator's cache and logs what it
// gave back: memory that other programs on the GPU can then use, and fewer fragments. Does nothing
// on a CPU.
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
  int every_epochs_ = 0;  // option
  Device* device_ = nullptr;
};

}  // namespace flowtrain
