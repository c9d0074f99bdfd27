#include "pipeline/worker_threads.h"

#include <pthread.h>

#include <utility>

#include "pipeline/clock.h"
#include "pipeline/handover.h"

namespace flowtrain::internal {

void WorkerCpu::Enter() {
  const std::lock_guard lock(mutex_);
  if (Inside* inside = FindThis()) {
    ++inside->depth;
    return;
  }
  Inside inside{std::this_thread::get_id(), {}, ThreadCpuNs(), 1};
  pthread_getcpuclockid(pthread_self(), &inside.clock);
  inside_.push_back(inside);
}

void WorkerCpu::Leave() {
  const std::lock_guard lock(mutex_);
  Inside* inside = FindThis();
  if (inside == nullptr || --inside->depth > 0) return;
  left_ns_ += ThreadCpuNs() - inside->entered_ns;
  *inside = inside_.back();
  inside_.pop_back();
}

WorkerCpu::Inside* WorkerCpu::FindThis() {
  for (Inside& inside : inside_) {
    if (inside.thread == std::this_thread::get_id()) return &inside;
  }
  return nullptr;
}

uint64_t WorkerCpu::Total() const {
  const std::lock_guard lock(mutex_);
  uint64_t total_ns = left_ns_;
  // A thread that is inside has not ended, so its clock is there.
  for (const Inside& inside : inside_) total_ns += CpuNs(inside.clock) - inside.entered_ns;
  return total_ns;
}

void WorkerCpu::LeaveAll() {
  const uint64_t total_ns = Total();
  const std::lock_guard lock(mutex_);
  left_ns_ = total_ns;
  inside_.clear();
}

WorkerThreads::WorkerThreads(tbb::task_arena& arena, WorkerCpu& cpu, std::function<void()> on_entry)
    : tbb::task_scheduler_observer(arena), cpu_(cpu), on_entry_(std::move(on_entry)) {
  HandOver(this);
  observe(true);
}

WorkerThreads::~WorkerThreads() {
  observe(false);  // waits for calls that are under way
  cpu_.LeaveAll();
  TakeOver(this);
}

void WorkerThreads::on_scheduler_entry(bool) {
  TakeOver(this);
  cpu_.Enter();
  on_entry_();
  HandOver(this);
}

void WorkerThreads::on_scheduler_exit(bool) { cpu_.Leave(); }

}  // namespace flowtrain::internal
