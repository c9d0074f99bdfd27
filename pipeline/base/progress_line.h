// What a user sees of work that takes a while before a run.
#pragma once

#include <chrono>
#include <string>

namespace flowtrain {

// Whether `descriptor` is a terminal that a line can be redrawn on.
bool CanRedraw(int descriptor);

// A line of standard error that is redrawn on a terminal, or else an occasional line of the log.
// Work that ends within a second shows nothing. Not thread-safe.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();  // clears the line
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Whether it is time for another Show. Cheap: it may be asked for every item.
  bool Due();
  void Show(const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;

  const bool redraws_;
  bool drawn_ = false;
  Clock::time_point next_;
};

}  // namespace flowtrain
