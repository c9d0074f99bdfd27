#include "tools/measure/live_run.h"

#include <chrono>

#include "tools/load/join_ranks.h"

namespace flowtrain {
namespace {

constexpr std::chrono::milliseconds kPoll{2};

}  // namespace

LiveRun::LiveRun(const GraphDef& def, const Registry& registry, StopSignals* signals,
                 TraceRing* trace, const LoadedGraph* together)
    : graph_(def, registry, run_) {
  if (together != nullptr) ranks_ = JoinRanks(ReadLaunch(ProcessEnvironment()), graph_);
  try {
    graph_.Open();
    if (ranks_ != nullptr) CompareWithRankZero(*together, graph_, *ranks_);
  } catch (const std::exception& error) {
    if (ranks_ != nullptr) ranks_->LeaveFailed(error.what());
    throw;
  }
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

LiveRun::~LiveRun() {
  run_.RequestAbort();
  Join();
}

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

void LiveRun::ExpectSame(const std::string& text) {
  if (ranks_ == nullptr) return;
  try {
    ranks_->ExpectSame(text);
  } catch (const std::exception& error) {
    ranks_->LeaveFailed(error.what());
    throw;
  }
}

void LiveRun::Stop() {
  if (ranks_ == nullptr) {
    run_.RequestAbort();
  } else {
    run_.RequestDrain();
  }
  End();
}

void LiveRun::TrainAlong() { End(); }

void LiveRun::End() {
  Join();
  try {
    if (error_) std::rethrow_exception(error_);
  } catch (const std::exception& error) {
    if (ranks_ != nullptr) ranks_->LeaveFailed(error.what());
    throw;
  }
  if (ranks_ != nullptr) ranks_->Leave();
}

void LiveRun::Join() {
  if (thread_.joinable()) thread_.join();
  watch_.reset();
}

}  // namespace flowtrain
