// Counts rows into batches and runs a CollateNode on each. Internal to the engine.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <string>

#include "pipeline/runtime/admission.h"
#include "pipeline/runtime/lane_runner.h"
#include "pipeline/runtime/runner_env.h"

namespace flowtrain::internal {

class CollateRunner final : public LaneRunner {
 public:
  CollateRunner(tbb::flow::graph& graph, RunnerEnv& env, Admission& admission, CollateNode& node,
                std::string name, bool passes_on);
  tbb::flow::receiver<Packet*>& entry() override { return rows_; }

  Stream stream() const override { return Stream::kBatch; }
  void ConnectWithin() override;

 private:
  void CountRow(Sample* sample);
  Packet* Work(Packet* packet) override;

  RunnerEnv& env_;
  Admission& admission_;
  CollateNode& node_;
  const bool passes_on_;
  tbb::flow::sequencer_node<Packet*> in_order_;
  tbb::flow::function_node<Packet*, tbb::flow::continue_msg, tbb::flow::lightweight> rows_;
};

}  // namespace flowtrain::internal
