// A graph that runs while another thread measures it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "pipeline/node/run_control.h"
#include "pipeline/runtime/graph.h"
#include "tools/process/signals.h"

namespace flowtrain {

struct LoadedGraph;
class RankGroup;
class TraceRing;

// Opens the graph on the calling thread and runs it on a thread of its own. A signal ends it if
// `signals` is given.
class LiveRun {
 public:
  // Throws ConfigError, DataError. `trace` and `signals` may be null. With `together`, of which `def`
  // is a part, it is the run of this rank; null: of this process alone.
  LiveRun(const GraphDef& def, const Registry& registry, StopSignals* signals,
          TraceRing* trace = nullptr, const LoadedGraph* together = nullptr);
  ~LiveRun();  // stops it, and forgets its error
  LiveRun(const LiveRun&) = delete;
  LiveRun& operator=(const LiveRun&) = delete;

  Graph& graph() { return graph_; }

  // Both return false if the run ended first: its source had no more, it was stopped or it failed.
  bool Await(const std::function<bool()>& happened);
  bool Pause(double seconds);

  // Of several ranks: throws ConfigError where this one's text is not rank 0's (RankGroup).
  void ExpectSame(const std::string& text);

  bool ended() const { return ended_.load(); }
  // Drops what is in flight, waits for the end, and throws the error that the run ended with, if
  // any. One of several ranks ends all of them, after the same step.
  void Stop();
  // Waits until another rank ends the run, or a signal; throws as Stop does.
  void TrainAlong();

 private:
  void Join();  // waits for the end
  void End();   // the same, and leaves the ranks

  RunControl run_;
  Graph graph_;
  RankGroup* ranks_ = nullptr;  // of several ranks
  std::optional<StopSignals::Watch> watch_;
  std::exception_ptr error_;
  std::atomic<bool> ended_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace flowtrain
