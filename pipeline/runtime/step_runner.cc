#include "pipeline/runtime/step_runner.h"

#include <utility>

namespace flowtrain::internal {

namespace {

// Returns whether the step moves on.
bool EndStep(RunnerEnv& env, const StepEnd& end, Step& step) {
  if (!end.passes_on) env.steps.Release(&step);
  if (end.returns_lease) {
    end.window->ReturnLease();
  } else if (!end.passes_on) {
    end.window->StepIsHome();
  }
  return end.passes_on;
}

}  // namespace

LaneStepRunner::LaneStepRunner(tbb::flow::graph& graph, RunnerEnv& env, StepNode& node,
                               std::string name, StepEnd end)
    : LaneRunner(graph, env.lane, std::move(name)), env_(env), node_(node), end_(end) {}

Packet* LaneStepRunner::Work(Packet* packet) {
  auto& step = static_cast<Step&>(*packet);
  Guarded(env_, name(), step, [&] { node_.Process(step); });
  return EndStep(env_, end_, step) ? packet : nullptr;
}

WorkerStepRunner::WorkerStepRunner(tbb::flow::graph& graph, RunnerEnv& env, StepNode& node,
                                   std::string name, StepEnd end)
    : WorkerRunner(graph, std::move(name), 1), env_(env), node_(node), end_(end) {}

WorkerRunner::Fate WorkerStepRunner::Work(Packet* packet, bool&) {
  auto& step = static_cast<Step&>(*packet);
  Guarded(env_, name(), step, [&] { node_.Process(step); });
  return EndStep(env_, end_, step) ? Fate::kPass : Fate::kEnd;
}

}  // namespace flowtrain::internal
