// How a run is stopped from outside a node: drain (finish the window in admission, then end), abort
// (drop what is in flight), or the first error. All calls are thread-safe.
#pragma once

#include <atomic>
#include <exception>
#include <mutex>

namespace flowtrain {

class RunControl {
 public:
  // No batch of a new window is admitted any more; what is in flight is finished.
  void RequestDrain() { drain_.store(true, std::memory_order_relaxed); }
  // Packets in flight are dropped: no Process call begins after this one.
  void RequestAbort() {
    RequestDrain();
    abort_.store(true, std::memory_order_relaxed);
  }
  // Aborts, and keeps the first error given for Rethrow.
  void Fail(std::exception_ptr error);

  bool draining() const { return drain_.load(std::memory_order_relaxed); }
  bool aborted() const { return abort_.load(std::memory_order_relaxed); }
  // Throws the error given to Fail, if there was one.
  void RethrowIfFailed() const;

 private:
  std::atomic<bool> drain_{false}, abort_{false};
  mutable std::mutex mutex_;
  std::exception_ptr error_;
};

}  // namespace flowtrain
