#include "nodes/train/nonfinite_watch.h"

#include <optional>
#include <utility>

namespace flowtrain {

void NonFiniteWatch::Add(std::shared_ptr<StepRecord> record) {
  if (most_ > 0) pending_.push_back(std::move(record));
}

bool NonFiniteWatch::TooMany() {
  while (!pending_.empty()) {
    const std::optional<StepFigures> figures = pending_.front()->Look();
    if (!figures) break;
    in_a_row_ = figures->skipped ? in_a_row_ + 1 : 0;
    pending_.pop_front();
  }
  return most_ > 0 && in_a_row_ >= most_;
}

}  // namespace flowtrain
