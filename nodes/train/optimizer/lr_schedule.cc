#include "nodes/train/optimizer/lr_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace flowtrain {

Choices<LrScaling> LrScalings() {
  return {{{"none", LrScaling::kNone}, {"linear", LrScaling::kLinear}, {"sqrt", LrScaling::kSqrt}}};
}

double ScaleLearningRate(LrScaling rule, double rate, int effective_batch) {
  switch (rule) {
    case LrScaling::kNone:
      return rate;
    case LrScaling::kLinear:
      return rate * effective_batch / 256;
    case LrScaling::kSqrt:
      return rate * std::sqrt(effective_batch);
  }
  throw std::logic_error("a scaling without a name");
}

double LrSchedule::At(uint64_t step) const {
  if (step < warmup_steps) {
    return base * static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
  }
  if (step >= total_steps) return 0;
  const double done =
      static_cast<double>(step - warmup_steps) / static_cast<double>(total_steps - warmup_steps);
  return base * 0.5 * (1 + std::cos(std::numbers::pi * done));
}

void ScheduleOptions::Declare(OptionsOf<ScheduleOptions>& options) {
  using Self = ScheduleOptions;
  options.Option(&Self::learning_rate, "learning_rate", "After the warm-up.", AtLeast{0})
      .Option(
          &Self::lr_scaling, "lr_scaling",
          "By the effective batch N: none; linear: learning_rate x N / 256; sqrt: learning_rate "
          "x sqrt(N).",
          LrScalings())
      .Option(&Self::warmup_epochs, "warmup_epochs", "Epochs of linear rise from 0.", AtLeast{0});
}

LrSchedule MakeSchedule(const ScheduleOptions& options, uint64_t steps_per_epoch,
                        uint64_t total_steps, int images) {
  constexpr double kMostSteps = 1e15;  // what a warm-up without end is taken for
  const double warmup =
      std::min(options.warmup_epochs * static_cast<double>(steps_per_epoch), kMostSteps);
  return {ScaleLearningRate(options.lr_scaling, options.learning_rate, images),
          static_cast<uint64_t>(std::llround(warmup)), total_steps};
}

}  // namespace flowtrain
