#include "pipeline/runtime/sample_runner.h"

#include <oneapi/tbb/task_arena.h>

#include <utility>

namespace flowtrain::internal {

SampleRunner::SampleRunner(tbb::flow::graph& graph, RunnerEnv& env, Admission& admission,
                           SampleNode& node, std::string name, int limit)
    : WorkerRunner(graph, std::move(name), limit), env_(env), admission_(admission), node_(node) {}

WorkerRunner::Fate SampleRunner::Work(Packet* packet, bool& bad) {
  auto& sample = static_cast<Sample&>(*packet);
  Outcome outcome = Ok();
  Guarded(env_, name(), sample, [&] {
    flowtrain::Worker worker{tbb::this_task_arena::current_thread_index()};
    outcome = node_.Process(sample, worker);
  });
  if (outcome.ok) return Fate::kPass;  // also after an abort: the sample finds its way home
  bad = true;
  sample.error = std::move(outcome.why);
  return admission_.Substitute(sample) ? Fate::kReject : Fate::kPass;
}

}  // namespace flowtrain::internal
