// The terminal: what it can show, and the progress bar on its last line.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "nodes/report/progress.h"
#include "pipeline/base/progress_line.h"

namespace flowtrain {

// Whether the environment's locale (LC_ALL, LC_CTYPE, LANG) uses UTF-8.
bool LocaleIsUtf8();

// Keeps one line at the bottom of the terminal, redrawn at most ten times a second. While it lives,
// the log's terminal lines are written above it. Thread-safe.
class ProgressBar {
 public:
  ProgressBar(int descriptor, bool utf8);
  // Clears the line and restores the log's own output.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Show(const Progress& progress);

 private:
  using Clock = std::chrono::steady_clock;

  void WriteAbove(const std::string& line);
  std::string Draw() const;

  const int descriptor_;
  const bool utf8_;
  std::mutex mutex_;
  Progress progress_;
  bool shown_ = false;
  Clock::time_point drawn_at_;
};

}  // namespace flowtrain
