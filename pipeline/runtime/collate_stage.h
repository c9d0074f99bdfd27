// Counts rows to batches and runs a CollateNode on each. Internal to the engine.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <string>

#include "pipeline/runtime/admission.h"
#include "pipeline/runtime/lane_stage.h"
#include "pipeline/runtime/stage_env.h"

namespace flowtrain::internal {

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

}  // namespace flowtrain::internal
