// A graph that runs: a loaded definition built into a oneTBB flow graph with its pools and device
// lane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/node.h"
#include "pipeline/runtime/gate.h"
#include "pipeline/runtime/graph_settings.h"
#include "pipeline/runtime/pool.h"
#include "pipeline/runtime/snapshot.h"

namespace flowtrain {

class Registry;
class RunControl;
class TraceRing;

// One run: make, Open, Run, look at the figures, destroy. A graph does not run twice: after an
// abort its nodes are dirty.
class Graph {
 public:
  // Makes the components and binds their options. Throws ConfigError.
  Graph(const GraphDef& def, const Registry& registry, RunControl& run);
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // Opens resources, then nodes; allocates the pools. Throws ConfigError, DataError.
  void Open();
  // Starts the nodes, admits until the source is exhausted or the run is stopped, flushes and
  // closes. Throws the error that ended the run: NodeError, DataError, GraphStalled. Returns
  // normally after a drain, and after an abort without an error (RunControl::aborted says which).
  void Run();

  // The node or resource of that name in the graph file; nullptr when there is none.
  Component* Find(std::string_view name) const;

  // Reports the calls of all nodes to `trace` (not owned). Call it before Run.
  void SetTrace(TraceRing* trace);

  // Runs `job` on the device lane, between its other work, and waits for it. Rethrows what it
  // throws. Any thread but the lane's; after Open.
  void CallOnLane(const std::function<void()>& job);

  // The current settings. Changing them affects only when batches are made, not which.
  GraphSettings settings() const;
  // Each count is limited to between 1 and what the definition's capacity allows; nodes that take
  // one packet at a time keep their 1. Any thread; before, during and after the run.
  void Apply(const GraphSettings& settings);

  const GraphDef& def() const;
  const Capacity& capacity() const;            // with what was left open filled in
  bool running() const;                        // packets are, or may be, in flight
  std::vector<NodeCounters> counters() const;  // in the order of the flow
  std::vector<PoolCounters> pools() const;     // samples, batches, steps
  Snapshot snapshot() const;                   // of all of these
  size_t pool_bytes() const;                   // host memory of the batch buffers: fixed at Open
  uint64_t lane_idle_ns() const;  // time the device lane waited for work since the first admission
  uint64_t admitted_samples() const;
  bool pools_whole() const;  // every slot is home; valid while Run is not under way

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flowtrain
