// Which batch of which epoch, window and step is the n-th of a run.
#pragma once

#include <algorithm>
#include <cstdint>

namespace flowtrain {

// Where a batch stands. All counts are from 0.
struct BatchPlace {
  uint64_t epoch = 0;
  uint64_t batch = 0;  // in its epoch
  uint64_t step = 0;   // of the whole run
  int micro = 0;       // in its window
  int window = 1;      // batches of its window
  bool last_of_epoch = false;
};

// An epoch of `batches` batches in windows of `window`; the last window of an epoch may be shorter.
class EpochPlan {
 public:
  EpochPlan(uint64_t batches, int window)
      : batches_(batches), window_(static_cast<uint64_t>(window)) {}

  uint64_t batches_per_epoch() const { return batches_; }
  uint64_t steps_per_epoch() const { return (batches_ + window_ - 1) / window_; }

  // Number of the first batch of a step, over the run.
  uint64_t FirstBatch(uint64_t step) const {
    return step / steps_per_epoch() * batches_ + step % steps_per_epoch() * window_;
  }
  BatchPlace Place(uint64_t number) const {
    BatchPlace place;
    place.epoch = number / batches_;
    place.batch = number % batches_;
    const uint64_t in_epoch = place.batch / window_;
    place.step = place.epoch * steps_per_epoch() + in_epoch;
    place.micro = static_cast<int>(place.batch % window_);
    place.window = static_cast<int>(std::min(window_, batches_ - in_epoch * window_));
    place.last_of_epoch = place.batch + 1 == batches_;
    return place;
  }

 private:
  uint64_t batches_, window_;
};

}  // namespace flowtrain
