// A runner whose calls run as TBB tasks. Internal to the engine.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <string>
#include <tuple>

#include "pipeline/runtime/node_runner.h"

namespace flowtrain::internal {

class WorkerRunner : public NodeRunner {
 public:
  WorkerRunner(tbb::flow::graph& graph, std::string name, int limit);
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

}  // namespace flowtrain::internal
