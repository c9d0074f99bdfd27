// The timing of a training, from its first steps to its end.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <thread>

#include "nodes/run/gpu_status.h"
#include "pipeline/node/registry.h"
#include "pipeline/runtime/graph.h"
#include "tools/timing/rank_timing.h"
#include "tools/timing/recorder.h"
#include "tools/timing/run_load.h"

namespace flowtrain {

// Records the run and writes timing.json to its folder, once a minute and at the end. If it cannot
// be written, that is a warning: a run does not end for it.
class RunTiming {
 public:
  // `device` is its name, `gpu` reads what it says of itself; `folder` may be empty: then nothing is
  // written. Of several ranks, rank 0 writes the timing, with the figures of all (`ranks`).
  RunTiming(const Graph& graph, const Registry& registry, std::string device,
            std::function<GpuStatus()> gpu, std::string folder,
            std::optional<RankTimings> ranks = {});
  ~RunTiming();
  RunTiming(const RunTiming&) = delete;
  RunTiming& operator=(const RunTiming&) = delete;

  // The table of the last seconds, for people.
  std::string RecentText() const;

 private:
  void Loop();
  void Write(bool last);
  // Of several ranks: rank 0 adds the others' figures to its own timing, which they give it.
  void PutTogether(nlohmann::json& timing, bool last) const;

  const Graph& graph_;
  const Registry& registry_;
  const std::string device_, folder_;
  const std::optional<RankTimings> ranks_;
  const uint64_t began_ns_;
  const double waited_before_s_;  // for other ranks
  Recorder recorder_;
  bool warned_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace flowtrain
