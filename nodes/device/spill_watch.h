// Notices that a GPU's driver keeps part of its memory in the host's.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "nodes/run/step_record.h"

namespace flowtrain {

// Under WSL2 a GPU never runs out of memory: the driver moves some to the host's, and steps take
// several times as long. That is seen by what the program holds, more than the GPU had for it, and
// by the time of the steps.
class SpillWatch {
 public:
  // `room_bytes`: what the GPU had for this program when it began.
  explicit SpillWatch(size_t room_bytes) : room_bytes_(room_bytes) {}

  // The next step. Returns what to tell, once a run; otherwise an empty text. `limit_name`: how the
  // user calls the limit on memory.
  std::string Add(const StepRecord& record, const std::string& limit_name);

 private:
  bool IsFull(const StepRecord& record) const;
  // How many times as long as before, per image; 0 where that is not known.
  double Slowdown(double seconds_per_image) const;

  size_t room_bytes_;
  size_t steps_ = 0;
  int slow_in_a_row_ = 0;
  bool told_ = false;
  std::deque<double> before_;  // seconds per image of the last steps that fitted
};

}  // namespace flowtrain
