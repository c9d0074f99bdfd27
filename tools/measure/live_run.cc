#include "tools/measure/live_run.h"

#include <chrono>

namespace flowtrain {
namespace {

constexpr std::chrono::milliseconds kPoll{2};

}  // namespace

LiveRun::LiveRun(const GraphDef& def, const Registry& registry, StopSignals* signals,
                 TraceRing* trace)
    : graph_(def, registry, run_) {
  graph_.Open();
  graph_.SetTrace(trace);
  if (signals != nullptr) watch_.emplace(*signals, run_, "stopping");
  thread_ = std::thread([this] {
    try {
      graph_.Run();
    } catch (...) {
      error_ = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    wake_.notify_all();
  });
}

LiveRun::~LiveRun() { Join(); }

bool LiveRun::Await(const std::function<bool()>& happened) {
  std::unique_lock lock(mutex_);
  while (!happened()) {
    if (wake_.wait_for(lock, kPoll, [this] { return ended_.load(); })) return false;
  }
  return true;
}

bool LiveRun::Pause(double seconds) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, std::chrono::duration<double>(seconds),
                         [this] { return ended_.load(); });
}

void LiveRun::Stop() {
  Join();
  if (error_) std::rethrow_exception(error_);
}

void LiveRun::Join() {
  run_.RequestAbort();
  if (thread_.joinable()) thread_.join();
  watch_.reset();
}

}  // namespace flowtrain
