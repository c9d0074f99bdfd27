#include "nodes/train/optimizer/lr_schedule.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace flowtrain {

double ScaleLearningRate(const std::string& rule, double rate, int effective_batch) {
  if (rule == "none") return rate;
  if (rule == "linear") return rate * effective_batch / 256;
  if (rule == "sqrt") return rate * std::sqrt(effective_batch);
  throw std::invalid_argument("unknown learning-rate scaling '" + rule + "'");
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

}  // namespace flowtrain
