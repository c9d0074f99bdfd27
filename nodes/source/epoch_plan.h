// Which batch of which epoch, window and step is the n-th of a run.
#pragma once

#include <algorithm>
#include <cstdint>

#include "nodes/distributed/launch/window_share.h"

namespace flowtrain {

// The position of a batch in a run. All counts are from 0.
struct PlannedBatch {
  uint64_t epoch = 0;
  uint64_t batch = 0;       // in its epoch
  uint64_t step = 0;        // of the whole run
  int in_window = 0;        // number in its window, among those of the rank
  int window = 1;           // batches of the rank in its window
  int window_over_all = 1;  // of all ranks
  bool spare = false;       // the window has no batch for the rank: this one is another's
  bool last_of_epoch = false;
};

// An epoch of `batches` batches in windows of `window`; the last window of an epoch may be shorter.
// Where several ranks work on the same windows, each has its share of a window (ShareOf), or a spare
// batch where that is empty; batches are numbered among the rank's own.
class EpochPlan {
 public:
  EpochPlan(uint64_t batches, int window, int rank = 0, int ranks = 1)
      : batches_(batches), window_(static_cast<uint64_t>(window)), rank_(rank), ranks_(ranks) {}

  uint64_t batches_per_epoch() const { return batches_; }
  uint64_t steps_per_epoch() const { return (batches_ + window_ - 1) / window_; }

  // Batches of a window, but for the last one of an epoch, which may be shorter; and of that one.
  int whole_window() const { return static_cast<int>(std::min(window_, batches_)); }
  int last_window() const { return static_cast<int>(batches_ - (steps_per_epoch() - 1) * window_); }
  // Batches of a window as it was asked for; an epoch may have fewer.
  uint64_t asked_window() const { return window_; }

  // Number of the rank's first batch of a step, over the run.
  uint64_t FirstBatch(uint64_t step) const {
    return step / steps_per_epoch() * OwnPerEpoch() +
           step % steps_per_epoch() * static_cast<uint64_t>(OwnOf(whole_window()));
  }
  PlannedBatch At(uint64_t number) const {
    PlannedBatch batch;
    batch.epoch = number / OwnPerEpoch();
    const uint64_t own = number % OwnPerEpoch();
    const auto whole = static_cast<uint64_t>(OwnOf(whole_window()));
    const uint64_t in_epoch = std::min(own / whole, steps_per_epoch() - 1);
    const bool last_step = in_epoch + 1 == steps_per_epoch();
    batch.step = batch.epoch * steps_per_epoch() + in_epoch;
    batch.in_window = static_cast<int>(own - in_epoch * whole);
    batch.window_over_all = last_step ? last_window() : whole_window();
    batch.window = OwnOf(batch.window_over_all);
    const WindowShare share = ShareOf(batch.window_over_all, rank_, ranks_);
    batch.spare = share.count == 0;
    const int first = batch.spare ? SpareBatch(batch.window_over_all, rank_, ranks_) : share.first;
    batch.batch = in_epoch * window_ + static_cast<uint64_t>(first + batch.in_window);
    batch.last_of_epoch = last_step && batch.in_window + 1 == batch.window;
    return batch;
  }

 private:
  int OwnOf(int window) const { return std::max(1, ShareOf(window, rank_, ranks_).count); }
  uint64_t OwnPerEpoch() const {
    return (steps_per_epoch() - 1) * static_cast<uint64_t>(OwnOf(whole_window())) +
           static_cast<uint64_t>(OwnOf(last_window()));
  }

  uint64_t batches_, window_;
  int rank_, ranks_;
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
