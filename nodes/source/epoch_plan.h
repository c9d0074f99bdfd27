// Which batch of which epoch, window and step is the n-th of a run.
#pragma once

#include <algorithm>
#include <cstdint>

namespace flowtrain {

// The position of a batch in a run. All counts are from 0.
struct PlannedBatch {
  uint64_t epoch = 0;
  uint64_t batch = 0;  // in its epoch
  uint64_t step = 0;   // of the whole run
  int in_window = 0;   // number in its window
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

  // Batches of a window, but for the last one of an epoch, which may be shorter; and of that one.
  int whole_window() const { return static_cast<int>(std::min(window_, batches_)); }
  int last_window() const { return static_cast<int>(batches_ - (steps_per_epoch() - 1) * window_); }
  // Batches of a window as it was asked for; an epoch may have fewer.
  uint64_t asked_window() const { return window_; }

  // Number of the first batch of a step, over the run.
  uint64_t FirstBatch(uint64_t step) const {
    return step / steps_per_epoch() * batches_ + step % steps_per_epoch() * window_;
  }
  PlannedBatch At(uint64_t number) const {
    PlannedBatch batch;
    batch.epoch = number / batches_;
    batch.batch = number % batches_;
    const uint64_t in_epoch = batch.batch / window_;
    batch.step = batch.epoch * steps_per_epoch() + in_epoch;
    batch.in_window = static_cast<int>(batch.batch % window_);
    batch.window = static_cast<int>(std::min(window_, batches_ - in_epoch * window_));
    batch.last_of_epoch = batch.batch + 1 == batches_;
    return batch;
  }

 private:
  uint64_t batches_, window_;
};

// The batches of a whole window, as one window of an epoch of `batches` batches tells: `window`, the
// batches that it has, unless it is the last one and cut short.
inline int WholeWindow(int window, bool last_of_epoch, uint64_t steps_per_epoch, uint64_t batches) {
  const uint64_t others = steps_per_epoch - 1, own = static_cast<uint64_t>(window);
  if (!last_of_epoch || others == 0 || batches < own || (batches - own) % others != 0)
    return window;
  return static_cast<int>((batches - own) / others);
}

}  // namespace flowtrain
