// `workers: auto`: the tuner in a running training.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "pipeline/node/registry.h"
#include "pipeline/runtime/graph.h"
#include "tools/tune/tuner.h"

namespace flowtrain {

// Sets threads, workers and sample slots of a graph while it runs, on a thread of its own, until
// nothing it tries is faster; then it only looks from time to time, and begins again if the run has
// become much slower. It does not affect which batches are made.
class AutoTune {
 public:
  AutoTune(Graph& graph, const Registry& registry);
  ~AutoTune();
  AutoTune(const AutoTune&) = delete;
  AutoTune& operator=(const AutoTune&) = delete;

 private:
  void Loop();
  bool Pause(double seconds);  // false: it must end
  bool AwaitWarm();
  bool TuneOnce();          // likewise
  bool WatchUntilSlower();  // likewise

  Graph& graph_;
  const Registry& registry_;
  double settled_rate_ = 0;  // images/s
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace flowtrain
