#include "tools/bench_command.h"

#include <algorithm>
#include <string>
#include <vector>

#include "nodes/report/step_meter.h"
#include "nodes/report/units.h"
#include "pipeline/log.h"
#include "pipeline/registry.h"
#include "pipeline/run_control.h"
#include "tools/bench_graph.h"
#include "tools/bench_spread.h"

namespace flowtrain {
namespace {

constexpr int64_t kTimedShare = 5;  // one step in so many is run before timing begins

// The figures of the runs of one kind.
struct Runs {
  std::vector<double> images_per_s, data_wait;
};

// Runs the graph once; false when a signal ended it before its time.
bool RunOnce(const GraphDef& def, StopSignals& signals, Runs& runs) {
  RunControl run;
  Graph graph(def, Registry::Global(), run);
  graph.Open();
  {
    const StopSignals::Watch watch(signals, run);
    graph.Run();
  }
  const StepTotals& totals = FindComponent<StepMeter>(graph)->totals();
  if (run.draining()) return false;
  if (!totals.images_per_s()) throw DataError("no step was timed; give --steps a larger number");
  runs.images_per_s.push_back(*totals.images_per_s());
  runs.data_wait.push_back(*totals.data_wait());
  return true;
}

std::string Line(const char* what, const Runs& runs) {
  const Spread rate = SpreadOf(runs.images_per_s);
  return std::string(what) + ShowRate(rate.median) + " images/s  (" + ShowRate(rate.low) + " to " +
         ShowRate(rate.high) + "), data wait " + ShowPercent(SpreadOf(runs.data_wait).median) +
         '\n';
}

}  // namespace

ExitCode Bench(const BenchRequest& request, StopSignals& signals, std::ostream& out) {
  const GraphDef def = LoadForRun(request.graph, &signals).def;
  const int64_t skip = std::max<int64_t>(1, request.steps / kTimedShare);
  const GraphDef loader = LoaderGraph(def, Registry::Global(), request.steps, skip);
  const GraphDef fixed = FixedGraph(def, Registry::Global(), request.steps, skip);
  Runs with_loader, without;
  for (int i = 0; i < request.repeats; ++i) {
    if (!RunOnce(loader, signals, with_loader) || !RunOnce(fixed, signals, without)) {
      return ExitCode::kInterrupted;
    }
    LogInfo("run " + std::to_string(i + 1) + " of " + std::to_string(request.repeats) + ": " +
            ShowRate(with_loader.images_per_s.back()) + " images/s with the loader, " +
            ShowRate(without.images_per_s.back()) + " on fixed batches");
  }
  out << "median of " << request.repeats << " runs of " << request.steps << " steps, the first "
      << skip << " of each not timed\n"
      << Line("  with the loader   ", with_loader) << Line("  fixed batches     ", without)
      << "  ratio             "
      << ShowFixed(
             SpreadOf(with_loader.images_per_s).median / SpreadOf(without.images_per_s).median, 3)
      << '\n';
  return ExitCode::kDone;
}

}  // namespace flowtrain
