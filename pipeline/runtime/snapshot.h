// The figures of a run at one moment, and between two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pipeline/base/cpu_use.h"
#include "pipeline/node/outside_wait.h"
#include "pipeline/runtime/gate.h"
#include "pipeline/runtime/graph_settings.h"
#include "pipeline/runtime/pool.h"

namespace flowtrain {

struct Snapshot {
  uint64_t at_ns = 0;  // of the engine's clock; of a difference, how long it took
  GraphSettings settings;
  std::vector<NodeCounters> nodes;  // in the order of the flow
  std::vector<PoolCounters> pools;  // samples, batches, steps
  uint64_t lane_idle_ns = 0;        // time the device lane waited for work
  uint64_t lane_cpu_ns = 0;         // CPU time of the lane's own thread
  uint64_t process_cpu_ns = 0;      // of all threads of the process
  uint64_t worker_cpu_ns = 0;       // of the worker threads, including their search for work
  OutsideWait outside;              // of the source node
  CpuUse cpu;                       // of the machine; only a Recorder of the run reads it

  // What was counted after `earlier`, a moment of the same run.
  Snapshot Since(const Snapshot& earlier) const;

  double seconds() const { return static_cast<double>(at_ns) * 1e-9; }
  // Images that reached their rows: what the last sample node passed on.
  uint64_t images() const;
  double images_per_s() const;
  double waited() const;     // share of the time in which the source waited for something outside
  double lane_busy() const;  // share of the time in which the device lane had work, 0 to 1
  // Cores that had something to do: worker threads that look for work burn time but do nothing.
  double cores_in_use() const;
};

}  // namespace flowtrain
