// Notices when steps no longer have finite gradients.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "nodes/run/step_record.h"

namespace flowtrain {

// Counts the steps skipped in a row. Their figures come from the device a window or two late; no
// call waits for them.
class NonFiniteWatch {
 public:
  // `most` skipped steps in a row are too many; 0: no number is.
  explicit NonFiniteWatch(int64_t most) : most_(most) {}

  void Add(std::shared_ptr<StepRecord> record);
  // Whether the newest steps whose figures have arrived were all skipped, and are too many.
  bool TooMany();
  void Reset() { in_a_row_ = 0; }
  int64_t in_a_row() const { return in_a_row_; }

 private:
  const int64_t most_;
  int64_t in_a_row_ = 0;
  std::deque<std::shared_ptr<StepRecord>> pending_;
};

}  // namespace flowtrain
