// Takes snapshots of a run, from which a report, the live table and timing.json are made.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "nodes/run/gpu_status.h"
#include "pipeline/runtime/graph.h"
#include "pipeline/runtime/snapshot.h"

namespace flowtrain {

// What a run did in one slice of its time. All slices of a run are equally long.
struct Slice {
  uint64_t at_ns = 0;  // its end, on the engine's clock
  double at_s = 0;     // the same since the end of the warm-up
  double images_per_s = 0;
  std::vector<size_t> queued;  // packets that wait, per node
  std::vector<size_t> in_use;  // slots, per pool
};

// Takes a snapshot every `slice_s` seconds on a thread of its own. Memory is bounded: the slices of
// a long run get longer.
class Recorder {
 public:
  // `gpu` reads what the GPU says of itself; empty where there is none.
  Recorder(const Graph& graph, uint64_t warm_up_steps, double slice_s,
           std::function<GpuStatus()> gpu = {});
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // The run from the end of its warm-up to now or, for a run that has ended, to the last snapshot
  // that saw it run, so that what ended it is not included. Nothing while the warm-up is not over.
  std::optional<Snapshot> Measured() const;
  // The last `seconds` of a run, or as much as there is.
  std::optional<Snapshot> Recent(double seconds) const;
  // What the GPU said of itself in the same time: the mean of its utilisation, the last of its other
  // figures.
  GpuStatus MeasuredGpu() const;
  GpuStatus RecentGpu(double seconds) const;
  std::vector<Slice> slices() const;
  uint64_t measured_steps() const;  // since the end of the warm-up

 private:
  // The run and the GPU at one moment.
  struct Moment {
    Snapshot snapshot;
    GpuStatus gpu;
    double busy_ns = 0, told_ns = 0;  // sums of utilisation x time, and of that time
  };

  void Loop();
  void Look();
  void AddGpu(Moment& now) const;
  static GpuStatus GpuBetween(const Moment& from, const Moment& to);
  size_t RecentFrom(double seconds) const;
  void AddSlice(const Snapshot& now);
  CpuUse MachineCpu() const;

  const Graph& graph_;
  const uint64_t warm_up_steps_;
  const std::function<GpuStatus()> gpu_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  double slice_s_;
  std::optional<Moment> first_, last_;  // of the measured part
  uint64_t start_ns_ = 0;
  std::deque<Moment> recent_;
  std::vector<Slice> slices_;
  Snapshot slice_began_;
  mutable CpuUse cpu_;  // as last read
  std::thread thread_;  // last: it uses the members above
};

// By which share the mean rate of a run may be off, as far as its slices tell: two standard errors
// of the means of eight parts of its time. Nothing for fewer slices than that.
std::optional<double> UncertaintyOf(const std::vector<Slice>& slices);

}  // namespace flowtrain
