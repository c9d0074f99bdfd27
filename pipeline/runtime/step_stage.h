// Runs a StepNode, on the lane or on a worker. Internal to the engine.
#pragma once

#include <string>

#include "pipeline/runtime/lane_stage.h"
#include "pipeline/runtime/stage_env.h"
#include "pipeline/runtime/window_stage.h"
#include "pipeline/runtime/worker_stage.h"

namespace flowtrain::internal {

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
