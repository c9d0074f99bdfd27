#include "pipeline/runtime/worker_threads.h"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <utility>

#include "pipeline/base/clock.h"
#include "pipeline/base/thread_limit.h"

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

namespace {

// Where threads wait for each other, to be sure that no two of the calls came from one thread.
class Roll {
 public:
  explicit Roll(int wanted) : wanted_(wanted) {}

  void Answer() {
    std::unique_lock lock(mutex_);
    ++here_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return here_ >= wanted_ || over_; });
  }
  // Waits for all, but not for ever: TBB does not promise the threads.
  void Call() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(1), [this] { return here_ >= wanted_; });
    over_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  const int wanted_;
  int here_ = 0;
  bool over_ = false;
};

}  // namespace

void StartThreads(tbb::task_arena& arena, int threads) {
  const int workers = threads - 1;
  CheckThreads(workers);
  const auto roll = std::make_shared<Roll>(workers);
  for (int i = 0; i < workers; ++i) arena.enqueue([roll] { roll->Answer(); });
  if (workers > 0) roll->Call();
}

WorkerThreads::WorkerThreads(tbb::task_arena& arena, WorkerCpu& cpu, std::function<void()> on_entry)
    : tbb::task_scheduler_observer(arena), cpu_(cpu), on_entry_(std::move(on_entry)) {
  observe(true);
}

WorkerThreads::~WorkerThreads() {
  observe(false);  // waits for calls that are under way
  cpu_.LeaveAll();
}

void WorkerThreads::on_scheduler_entry(bool) {
  cpu_.Enter();
  on_entry_();
}

void WorkerThreads::on_scheduler_exit(bool) { cpu_.Leave(); }

}  // namespace flowtrain::internal
