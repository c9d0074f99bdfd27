// A runner whose calls run on the device lane. Internal to the engine.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <string>

#include "pipeline/runtime/lane.h"
#include "pipeline/runtime/node_runner.h"

namespace flowtrain::internal {

class LaneRunner : public NodeRunner {
 public:
  LaneRunner(tbb::flow::graph& graph, Lane& lane, std::string name);
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

}  // namespace flowtrain::internal
