// A device that takes images at a given rate and computes nothing.
#pragma once

#include <cstdint>
#include <mutex>

#include "pipeline/node/node.h"

namespace flowtrain {

// To a loader this behaves like a device that takes `images_per_s`: each batch keeps it busy for
// rows / images_per_s seconds, one after the other. As with a GPU's queue the host runs one batch
// ahead: Process returns when the device begins the batch, whose bytes it then has. It sleeps while
// it waits, so that its core is free for the loader, and times follow a schedule: waking late costs
// the device nothing as long as the next batch is there.
//
// Input   batches  batch
// Output  windows  step   without a payload. No node need take them.
// Memory  none.
// Threads the device lane; Work from any.
//
// Example:
//   device: {type: PacedDevice, in: batches, options: {images_per_s: 16000}}
class PacedDevice final : public WindowNode {
 public:
  static void Declare(NodeSpec& spec);
  void Start() override;
  void Process(Batch& batch, Step& step) override;
  void Flush() override;  // waits until the device is done

  // Time the device has worked from the start until `now_ns`, of the engine's clock.
  uint64_t WorkedNs(uint64_t now_ns) const;

 private:
  double images_per_s_ = 0;  // option

  mutable std::mutex mutex_;
  double free_at_ns_ = 0;  // when it is done with all it was given
  double work_ns_ = 0;     // of all it was given
};

}  // namespace flowtrain
