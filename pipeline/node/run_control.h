// How a run is stopped before its source is exhausted: drain (finish the window in admission, then
// end), end with an error (the same, but windows that have not begun are dropped), abort (drop what
// is in flight), or the first error that a node throws. All calls are thread-safe.
#pragma once

#include <atomic>
#include <exception>
#include <mutex>

namespace flowtrain {

class RunControl {
 public:
  // No batch of a new window is admitted any more; what is in flight is finished. After
  // StopTogether only the wish is noted.
  void RequestDrain() {
    (together_.load(std::memory_order_relaxed) ? stop_wanted_ : drain_)
        .store(true, std::memory_order_relaxed);
  }
  // The run is one of several processes, which must stop after the same window: they agree on it
  // where one of them wants to stop, and then call StopHere.
  void StopTogether() { together_.store(true, std::memory_order_relaxed); }
  bool stop_wanted() const { return stop_wanted_.load(std::memory_order_relaxed); }
  // Drains, and drops the windows that have not gone through their node.
  void StopHere() {
    stopped_here_.store(true, std::memory_order_relaxed);
    ending_.store(true, std::memory_order_relaxed);
    drain_.store(true, std::memory_order_relaxed);
  }
  bool stopped_here() const { return stopped_here_.load(std::memory_order_relaxed); }
  // Packets in flight are dropped: no Process call begins after this one.
  void RequestAbort() {
    drain_.store(true, std::memory_order_relaxed);
    abort_.store(true, std::memory_order_relaxed);
  }
  // Drains, drops the windows that have not gone through their node, lets the nodes flush, and
  // keeps the first error given for RethrowIfFailed: the run has failed, but what was done before
  // stays good.
  void EndWith(std::exception_ptr error);
  // Aborts, and keeps the first error given for RethrowIfFailed.
  void Fail(std::exception_ptr error);

  // Whether windows are to be dropped.
  bool ending() const { return ending_.load(std::memory_order_relaxed); }
  bool draining() const { return drain_.load(std::memory_order_relaxed); }
  bool aborted() const { return abort_.load(std::memory_order_relaxed); }
  // Throws the error given to Fail or EndWith, if there was one.
  void RethrowIfFailed() const;

 private:
  void KeepFirst(std::exception_ptr error);

  std::atomic<bool> drain_{false}, ending_{false}, abort_{false};
  std::atomic<bool> together_{false}, stop_wanted_{false}, stopped_here_{false};
  mutable std::mutex mutex_;
  std::exception_ptr error_;
};

}  // namespace flowtrain
