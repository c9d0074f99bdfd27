// Runs a SampleNode. Internal to the engine.
#pragma once

#include <string>

#include "pipeline/runtime/admission.h"
#include "pipeline/runtime/runner_env.h"
#include "pipeline/runtime/worker_runner.h"

namespace flowtrain::internal {

class SampleRunner final : public WorkerRunner {
 public:
  SampleRunner(tbb::flow::graph& graph, RunnerEnv& env, Admission& admission, SampleNode& node,
               std::string name, int limit);
  Stream stream() const override { return Stream::kSample; }

 private:
  Fate Work(Packet* packet, bool& bad) override;

  RunnerEnv& env_;
  Admission& admission_;
  SampleNode& node_;
};

}  // namespace flowtrain::internal
