// The run-time form of a node: a Gate before TBB nodes that never reject. Internal to the engine.
//
//   worker stage   entry (function_node, runs in the sender) > Gate > worker (multifunction_node,
//   unlimited) lane stage     entry > Gate > async_node, whose body posts to the device lane
//   collate        entry counts rows and sends samples home; sequencer_node > lane stage
//   window         entry waits for the model lease and a step slot > lane stage
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "pipeline/admission.h"
#include "pipeline/gate.h"
#include "pipeline/ring_queue.h"
#include "pipeline/stage_env.h"
#include "pipeline/trace_ring.h"

namespace flowtrain::internal {

// What every stage offers to the builder.
class Stage {
 public:
  Stage(std::string name, int limit) : gate_(limit), name_(std::move(name)) {}
  virtual ~Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  virtual tbb::flow::receiver<Packet*>& entry() = 0;
  virtual tbb::flow::sender<Packet*>* exit() { return nullptr; }  // nullptr: packets end here
  virtual bool on_lane() const = 0;
  virtual Stream stream() const = 0;  // of the packets it takes
  // Makes the edges inside the stage. Not for a constructor: an edge spawns a task, and one that is
  // not finished because memory ran out would leave that task behind.
  virtual void ConnectWithin() {}

  const std::string& name() const { return name_; }
  Gate& gate() { return gate_; }
  NodeCounters counters() const;
  void SetSerial() { serial_ = true; }
  // Changes how many calls run at a time, in a graph that runs.
  virtual void SetLimit(int) {}
  // From now on the calls are told to `trace`, as those of node `index`. Before the first packet.
  void SetTrace(TraceRing* trace, uint16_t index);

 protected:
  // Makes `call` on a packet that arrived and gives its times; tells the trace.
  template <typename Work>
  Call Timed(const Packet& packet, Work&& work);

  Gate gate_;

 private:
  const std::string name_;
  std::atomic<uint64_t> last_service_ns_{0};
  TraceRing* trace_ = nullptr;
  uint16_t index_ = 0;
  bool serial_ = false;
};

// A stage whose calls run as TBB tasks.
class WorkerStage : public Stage {
 public:
  WorkerStage(tbb::flow::graph& graph, std::string name, int limit);
  tbb::flow::receiver<Packet*>& entry() override { return entry_; }
  tbb::flow::sender<Packet*>* exit() override { return &tbb::flow::output_port<0>(worker_); }
  bool on_lane() const override { return false; }
  void SetLimit(int limit) override;
  // Where packets go that the source must replace.
  tbb::flow::sender<Packet*>& rejects() { return tbb::flow::output_port<1>(worker_); }

 protected:
  enum class Fate { kPass, kReject, kEnd };
  // The node's call on one packet; must not throw. `bad` is for the counters.
  virtual Fate Work(Packet* packet, bool& bad) = 0;

 private:
  using Worker = tbb::flow::multifunction_node<Packet*, std::tuple<Packet*, Packet*>>;
  void Begin(Packet* packet);
  void Run(Packet* packet, Worker::output_ports_type& ports);

  Worker worker_;
  tbb::flow::function_node<Packet*, tbb::flow::continue_msg, tbb::flow::lightweight> entry_;
};

// A stage whose calls run on the device lane.
class LaneStage : public Stage {
 public:
  LaneStage(tbb::flow::graph& graph, Lane& lane, std::string name);
  tbb::flow::receiver<Packet*>& entry() override { return entry_; }
  tbb::flow::sender<Packet*>* exit() override { return &tbb::flow::output_port<0>(async_); }
  bool on_lane() const override { return true; }

 protected:
  // The node's call on one packet, on the lane; must not throw. Returns the packet to pass on, or
  // nullptr.
  virtual Packet* Work(Packet* packet) = 0;
  // A packet arrived. Begins its call when the gate allows.
  virtual void Arrive(Packet* packet) { Submit(packet); }
  void Submit(Packet* packet);

 private:
  using Async = tbb::flow::async_node<Packet*, Packet*>;
  void Run(Packet* packet);

  Lane& lane_;
  Async async_;
  tbb::flow::function_node<Packet*, tbb::flow::continue_msg, tbb::flow::lightweight> entry_;
};

class SampleStage final : public WorkerStage {
 public:
  SampleStage(tbb::flow::graph& graph, StageEnv& env, Admission& admission, SampleNode& node,
              std::string name, int limit);
  Stream stream() const override { return Stream::kSample; }

 private:
  Fate Work(Packet* packet, bool& bad) override;

  StageEnv& env_;
  Admission& admission_;
  SampleNode& node_;
};

class CollateStage final : public LaneStage {
 public:
  CollateStage(tbb::flow::graph& graph, StageEnv& env, Admission& admission, CollateNode& node,
               std::string name, bool passes_on);
  tbb::flow::receiver<Packet*>& entry() override { return rows_; }

  Stream stream() const override { return Stream::kBatch; }
  void ConnectWithin() override;

 private:
  void CountRow(Sample* sample);
  Packet* Work(Packet* packet) override;

  StageEnv& env_;
  Admission& admission_;
  CollateNode& node_;
  const bool passes_on_;
  tbb::flow::sequencer_node<Packet*> in_order_;
  tbb::flow::function_node<Packet*, tbb::flow::continue_msg, tbb::flow::lightweight> rows_;
};

class WindowStage final : public LaneStage {
 public:
  WindowStage(tbb::flow::graph& graph, StageEnv& env, Admission& admission, WindowNode& node,
              std::string name, bool passes_on, bool returns_lease);

  // The model lease is free again: parameters will not change until the next window took it.
  void ReturnLease();
  // A step slot went home.
  void StepIsHome() { BeginWindows(); }
  bool lease_is_home() const;
  // After an abort: gives back what an incomplete window holds.
  void Abandon();
  Stream stream() const override { return Stream::kBatch; }

 private:
  void Arrive(Packet* packet) override;
  void BeginWindows();
  bool TakeLease(const Batch& first);  // under the lock
  Packet* Work(Packet* packet) override;
  void SendHome(Batch* batch, bool last_of_window);

  StageEnv& env_;
  Admission& admission_;
  WindowNode& node_;
  const bool passes_on_, returns_lease_;
  mutable std::mutex mutex_;
  RingQueue<Batch*> waiting_;  // in order; the first of them may start a window
  bool submitting_ = false;
  bool lease_home_ = true;
  Step* step_ = nullptr;      // of the window that holds the lease
  std::vector<Batch*> kept_;  // of that window, where the node keeps them
};

// Common to step nodes on the lane and on workers: what happens after the call.
struct StepEnd {
  WindowStage* window = nullptr;
  bool passes_on = false;
  bool returns_lease = false;
};

class LaneStepStage final : public LaneStage {
 public:
  LaneStepStage(tbb::flow::graph& graph, StageEnv& env, StepNode& node, std::string name,
                StepEnd end);
  Stream stream() const override { return Stream::kStep; }

 private:
  Packet* Work(Packet* packet) override;

  StageEnv& env_;
  StepNode& node_;
  const StepEnd end_;
};

class WorkerStepStage final : public WorkerStage {
 public:
  WorkerStepStage(tbb::flow::graph& graph, StageEnv& env, StepNode& node, std::string name,
                  StepEnd end);
  Stream stream() const override { return Stream::kStep; }

 private:
  Fate Work(Packet* packet, bool& bad) override;

  StageEnv& env_;
  StepNode& node_;
  const StepEnd end_;
};

}  // namespace flowtrain::internal
