// Runs a StepNode, on the lane or on a worker. Internal to the engine.
#pragma once

#include <string>

#include "pipeline/runtime/lane_runner.h"
#include "pipeline/runtime/runner_env.h"
#include "pipeline/runtime/window_runner.h"
#include "pipeline/runtime/worker_runner.h"

namespace flowtrain::internal {

// Common to step nodes on the lane and on workers: what happens after the call.
struct StepEnd {
  WindowRunner* window = nullptr;
  bool passes_on = false;
  bool returns_lease = false;
};

class LaneStepRunner final : public LaneRunner {
 public:
  LaneStepRunner(tbb::flow::graph& graph, RunnerEnv& env, StepNode& node, std::string name,
                 StepEnd end);
  Stream stream() const override { return Stream::kStep; }

 private:
  Packet* Work(Packet* packet) override;

  RunnerEnv& env_;
  StepNode& node_;
  const StepEnd end_;
};

class WorkerStepRunner final : public WorkerRunner {
 public:
  WorkerStepRunner(tbb::flow::graph& graph, RunnerEnv& env, StepNode& node, std::string name,
                   StepEnd end);
  Stream stream() const override { return Stream::kStep; }

 private:
  Fate Work(Packet* packet, bool& bad) override;

  RunnerEnv& env_;
  StepNode& node_;
  const StepEnd end_;
};

}  // namespace flowtrain::internal
