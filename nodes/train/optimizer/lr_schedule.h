// The learning rate over a run.
#pragma once

#include <cstdint>

#include "pipeline/node/options.h"

namespace flowtrain {

enum class LrScaling : uint8_t { kNone, kLinear, kSqrt };
Choices<LrScaling> LrScalings();  // "none", …

// The learning rate for `effective_batch` images per step, from a `rate` that was given per unit of
// the batch. The rules:
//   none    the rate itself
//   linear  rate x effective_batch / 256 (Goyal et al., "Accurate, Large Minibatch SGD", 2017)
//   sqrt    rate x sqrt(effective_batch) (Chen et al. 2020, appendix B.1, with rate 0.075)
double ScaleLearningRate(LrScaling rule, double rate, int effective_batch);

// Linear warm-up, then half a cosine to 0, step by step (Loshchilov, Hutter: SGDR, ICLR 2017,
// without restarts; warm-up as in Goyal et al. 2017). A warm-up that is longer than the run keeps
// its slope: the run ends before the rate reaches `base`.
struct LrSchedule {
  double base = 0;  // after the warm-up
  uint64_t warmup_steps =
      0;  // steps 0 to warmup_steps - 1 rise linearly: base * (step + 1) / warmup_steps
  uint64_t total_steps = 1;  // the step at which the rate would be 0

  double At(uint64_t step) const;  // from 0; 0 at and after total_steps
};

struct ScheduleOptions {
  double learning_rate = 0.06;  // after the warm-up
  LrScaling lr_scaling = LrScaling::kNone;
  double warmup_epochs = 10;

  static void Declare(OptionsOf<ScheduleOptions>& options);
};

// For a run of `total_steps` with `images` per step.
LrSchedule MakeSchedule(const ScheduleOptions& options, uint64_t steps_per_epoch,
                        uint64_t total_steps, int images);

}  // namespace flowtrain
