// Sums over optimiser steps, and the rates that follow from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "nodes/run/step_record.h"

namespace flowtrain {

// The totals of a series of steps: an epoch, or all of them. The first step of a run is not
// `timed`: it pays for start-up (filling the pools, choosing algorithms), so the rates leave it
// out.
class StepTotals {
 public:
  void Add(const StepRecord& record, bool timed);

  uint64_t steps() const { return steps_; }
  uint64_t images() const { return images_; }
  uint64_t skipped() const { return skipped_; }
  double seconds() const { return seconds_; }  // of all steps, the first too
  // Over the timed steps; nothing where there are none.
  std::optional<double> images_per_s() const;
  std::optional<double> data_wait() const;       // share of the time, 0 to 1
  std::optional<double> seconds_a_step() const;  // mean
  // Over the steps whose loss is finite.
  std::optional<double> mean_loss() const;

 private:
  uint64_t steps_ = 0, images_ = 0, skipped_ = 0;
  double seconds_ = 0;
  uint64_t timed_steps_ = 0, timed_images_ = 0;
  double timed_seconds_ = 0, wait_seconds_ = 0;
  double loss_sum_ = 0;
  uint64_t losses_ = 0;
};

// What was measured in an epoch beside its steps: the last value of each.
struct EpochResults {
  std::optional<double> knn_top1 = {}, linear_top1 = {};  // percent
  std::optional<double> rankme = {};

  void Add(const StepRecord& record);
};

// The last `length` steps.
class RecentSteps {
 public:
  explicit RecentSteps(size_t length) : length_(length) {}
  void Add(const StepRecord& record);
  StepTotals Totals() const;

 private:
  const size_t length_;
  std::deque<StepRecord> records_;
};

}  // namespace flowtrain
