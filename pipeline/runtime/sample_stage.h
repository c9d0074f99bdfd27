// Runs a SampleNode. Internal to the engine.
#pragma once

#include <string>

#include "pipeline/runtime/admission.h"
#include "pipeline/runtime/stage_env.h"
#include "pipeline/runtime/worker_stage.h"

namespace flowtrain::internal {

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

}  // namespace flowtrain::internal
