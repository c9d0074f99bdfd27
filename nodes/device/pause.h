// Time on the device lane that is not training.
#pragma once

#include "nodes/device/device.h"
#include "pipeline/base/clock.h"

namespace flowtrain {

// While one lives, the lane evaluates or writes a checkpoint. The time adds to the device's
// PausedNs, so that the rates of the training can leave it out. Waits for the device first: what it
// still computes is training.
class Pause {
 public:
  explicit Pause(Device& device) : device_(device) {
    device_.Synchronize();
    begin_ns_ = NowNs();
  }
  ~Pause() { device_.AddPause(NowNs() - begin_ns_); }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

 private:
  Device& device_;
  uint64_t begin_ns_ = 0;
};

}  // namespace flowtrain
