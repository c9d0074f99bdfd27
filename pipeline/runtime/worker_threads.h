// The TBB threads that work for a graph. Internal to the engine.
#pragma once

#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_scheduler_observer.h>
#include <time.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace flowtrain::internal {

// CPU time of threads while they are in an arena. Thread-safe.
class WorkerCpu {
 public:
  void Enter();  // called on the thread
  void Leave();
  uint64_t Total() const;  // nanoseconds, of threads that left and those inside
  void LeaveAll();         // nobody will report any more when they do

 private:
  struct Inside {
    std::thread::id thread;
    clockid_t clock;
    uint64_t entered_ns;  // its CPU time then
    int depth;            // a thread may enter again before it leaves
  };
  Inside* FindThis();  // nullptr: the thread is not inside
  mutable std::mutex mutex_;
  std::vector<Inside> inside_;  // keeps its memory, since threads come and go all the time
  uint64_t left_ns_ = 0;
};

// Starts the threads that TBB gives an arena of this many, the caller included: started later, when
// memory is short, one could end the process or leave the graph half changed. Throws
// std::runtime_error, saying what to do, where the system does not allow them.
void StartThreads(tbb::task_arena& arena, int threads);

// Reports each thread that joins the arena, and counts its CPU time.
class WorkerThreads final : public tbb::task_scheduler_observer {
 public:
  WorkerThreads(tbb::task_arena& arena, WorkerCpu& cpu, std::function<void()> on_entry);
  ~WorkerThreads() override;
  void on_scheduler_entry(bool) override;
  void on_scheduler_exit(bool) override;

 private:
  WorkerCpu& cpu_;
  const std::function<void()> on_entry_;
};

}  // namespace flowtrain::internal
