// The implementation of Graph. Internal to the engine.
//
// graph.cc makes and runs it; graph_live.cc has what other threads may query and change meanwhile.
#pragma once

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "pipeline/runtime/admission.h"
#include "pipeline/runtime/component_set.h"
#include "pipeline/runtime/graph.h"
#include "pipeline/runtime/lane.h"
#include "pipeline/runtime/live_threads.h"
#include "pipeline/runtime/node_runner.h"
#include "pipeline/runtime/runner_env.h"
#include "pipeline/runtime/window_runner.h"
#include "pipeline/runtime/worker_threads.h"

namespace flowtrain {

class Graph::Impl {
 public:
  Impl(const GraphDef& graph_def, const Registry& registry, RunControl& run_control);

  ~Impl();

  class NotLive;
  void Open();
  void Run();
  // Tells the resources of the thread that calls; what one of them throws fails the run.
  void PrepareThread(void (Resource::*prepare)()) noexcept;
  void AllocatePools();
  void BuildRunners();
  std::unique_ptr<internal::NodeRunner> MakeRunner(size_t index);
  void Connect();
  // Between these, packets may be in flight, and limits change at once.
  void SetLive();
  void EndLive();
  bool IsWorkerNode(size_t index) const;
  void Apply(GraphSettings wanted);
  // Runs `call` on the thread that owns the node.
  void OnOwnThread(size_t index, const std::function<void()>& call);
  void StartNodes();
  void FlushNodes();
  void CloseAll() noexcept;
  void CheckAtRest();
  void ReclaimAfterAbort();
  bool PoolsWhole() const { return samples.whole() && batches.whole() && steps.whole(); }

  size_t FirstOf(
      NodeSpec::Kind kind) const;  // index of the first node of a kind, or nodes().size()
  size_t LastOnLane() const;

  const GraphDef def;
  RunControl& run;
  internal::ComponentSet components;
  BatchLayout layout;
  std::vector<std::shared_ptr<uint8_t>> buffers;
  Pool<Sample> samples{"sample slots"};
  Pool<Batch> batches{"batch buffers"};
  Pool<Step> steps{"step slots"};
  tbb::task_arena arena{1, 1};
  std::unique_ptr<Lane> lane;
  std::unique_ptr<tbb::flow::graph> flow;
  std::unique_ptr<internal::RunnerEnv> env;
  std::unique_ptr<Admission> admission;
  std::vector<std::unique_ptr<internal::NodeRunner>> runners;
  internal::WindowRunner* window = nullptr;
  std::atomic<uint64_t> idle_at_start_ns{0};  // others may look while the run begins
  TraceRing* trace = nullptr;
  internal::WorkerCpu worker_cpu;
  int fewest_batches = 1;

  // Guards what other threads can change while Run is under way.
  mutable std::mutex live_mutex;
  GraphSettings settings;
  bool live = false;  // the runners exist, and packets may be in flight
  std::optional<internal::LiveThreads> threads;
};

}  // namespace flowtrain
