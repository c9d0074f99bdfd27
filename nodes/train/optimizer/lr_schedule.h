// The learning rate over a run.
#pragma once

#include <cstdint>
#include <string>

namespace flowtrain {

// A learning rate that was given for a unit of the batch, at `effective_batch` images a step. The
// rules, by name:
//   none    the rate itself
//   linear  rate x effective_batch / 256 (Goyal et al., "Accurate, Large Minibatch SGD", 2017)
//   sqrt    rate x sqrt(effective_batch) (Chen et al. 2020, appendix B.1, with rate 0.075)
// Throws std::invalid_argument for an unknown name.
double ScaleLearningRate(const std::string& rule, double rate, int effective_batch);

// Linear warm-up, then half a cosine to 0, a step at a time (Loshchilov, Hutter: SGDR, ICLR 2017,
// without restarts; warm-up as Goyal et al. 2017).
struct LrSchedule {
  double base = 0;  // after the warm-up
  uint64_t warmup_steps =
      0;  // steps 0 to warmup_steps - 1 rise linearly: base * (step + 1) / warmup_steps
  uint64_t total_steps = 1;  // at which the rate would be 0

  double At(uint64_t step) const;  // from 0; 0 at and after total_steps
};

}  // namespace flowtrain
