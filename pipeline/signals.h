// Ctrl-C and SIGTERM: the first drains the run, the second aborts it, the third ends the process.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace flowtrain {

class RunControl;

// Takes SIGINT and SIGTERM (which mean the same) for the whole process in a thread of its own that
// waits in sigwait, so that no work is done in a signal handler. Threads inherit the blocked mask:
// make one first thing in main, before any other thread. SIGPIPE is ignored while it lives, so a
// closed pipe is a write error like any other.
class StopSignals {
 public:
  // `notice` gets one sentence a signal for the user; called on the signal thread.
  explicit StopSignals(std::function<void(const std::string&)> notice);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // While a Watch lives, signals go to `run`. Without one there is nothing to save, and the first
  // signal ends the process with ExitCode::kInterrupted.
  class Watch {
   public:
    // `stopping` is the notice of the first signal, where the run is no training.
    Watch(
        StopSignals& signals, RunControl& run,
        const char* stopping = "stopping: finishing the window, then a checkpoint; again to abort");
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    StopSignals& signals_;
  };

  // Signals taken so far.
  int count() const;

 private:
  void Loop();
  void OnSignal();

  const std::function<void(const std::string&)> notice_;
  sigset_t signals_, mask_before_;
  struct sigaction pipe_before_ {};
  mutable std::mutex mutex_;
  RunControl* run_ = nullptr;
  const char* stopping_ = nullptr;
  int count_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace flowtrain
