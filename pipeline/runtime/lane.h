// The device lane: one dedicated thread that owns a device, its streams and libtorch's thread-local
// state. It is not a TBB worker, so its waits for the device cost the loader nothing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "pipeline/base/ring_queue.h"

namespace flowtrain {

// Runs jobs one after the other, in the order they were posted.
class Lane {
 public:
  // `before_job` runs on the lane's thread before its first job, and again before the next job
  // whenever Refresh was called: it sets thread-wide state that other threads may have disturbed.
  explicit Lane(std::function<void()> before_job);
  ~Lane();  // finishes what was posted
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void Post(std::function<void()> job);  // must not throw
  // Runs `job` on the lane and waits for it; rethrows what it throws.
  void Call(const std::function<void()>& job);
  void Refresh() { refresh_.store(true, std::memory_order_relaxed); }

  // Time that the lane has waited for a job so far.
  uint64_t idle_ns() const;
  // CPU time of its thread so far; threads that its jobs start are not counted.
  uint64_t cpu_ns() const;

 private:
  void Loop();

  const std::function<void()> before_job_;
  std::atomic<bool> refresh_{true};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  RingQueue<std::function<void()>> jobs_;
  bool closing_ = false;
  bool waiting_ = false;
  uint64_t idle_since_ns_ = 0, idle_ns_ = 0;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace flowtrain
