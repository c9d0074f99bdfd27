#include "pipeline/runtime/lane.h"

#include <pthread.h>

#include <exception>
#include <future>
#include <utility>

#include "pipeline/base/clock.h"

namespace flowtrain {

Lane::Lane(std::function<void()> before_job)
    : before_job_(std::move(before_job)), thread_([this] { Loop(); }) {}

Lane::~Lane() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Lane::Post(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Lane::Call(const std::function<void()>& job) {
  std::promise<void> done;
  Post([&] {
    try {
      job();
      done.set_value();
    } catch (...) {
      done.set_exception(std::current_exception());
    }
  });
  done.get_future().get();
}

uint64_t Lane::idle_ns() const {
  const std::lock_guard lock(mutex_);
  return idle_ns_ + (waiting_ ? NowNs() - idle_since_ns_ : 0);
}

uint64_t Lane::cpu_ns() const {
  clockid_t clock{};
  // The thread lives as long as the lane.
  if (pthread_getcpuclockid(const_cast<std::thread&>(thread_).native_handle(), &clock) != 0)
    return 0;
  return internal::CpuNs(clock);
}

void Lane::Loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (jobs_.empty() && !closing_) {
      waiting_ = true;
      idle_since_ns_ = NowNs();
      wake_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
      waiting_ = false;
      idle_ns_ += NowNs() - idle_since_ns_;
    }
    if (jobs_.empty()) return;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    if (refresh_.exchange(false, std::memory_order_relaxed) && before_job_) before_job_();
    job();
    job = nullptr;  // frees what it holds outside the lock
    lock.lock();
  }
}

}  // namespace flowtrain
