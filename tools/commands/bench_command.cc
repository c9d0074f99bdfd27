// `flowtrain bench GRAPH`: does the loader keep up with the training?

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "nodes/measure/step_meter.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/load/load.h"
#include "tools/measure/partial_graph.h"
#include "tools/measure/spread.h"
#include "tools/process/signals.h"

namespace flowtrain {
namespace {

struct BenchRequest {
  GraphRequest graph;
  int64_t steps = 20;  // optimiser steps per run
  int repeats = 5;     // runs of each kind
};

// The figures of the runs of one kind.
struct Runs {
  std::vector<double> images_per_s, data_wait;
};

// Runs the graph once; false if a signal ended it early.
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

// Trains the graph's model with its loader and, without a loader, on fixed batches, by turns in one
// process, and prints the medians of both and their ratio. Writes no run directory.
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

}  // namespace

Command AddBench(CLI::App& app) {
  const auto request = std::make_shared<BenchRequest>();
  CLI::App* bench = app.add_subcommand(
      "bench", "Compare training with the loader to training on fixed batches without one");
  bench->require_subcommand(0, 1);
  AddGraphOptions(*bench, request->graph);
  bench->add_option("--steps", request->steps, "Optimiser steps a run")
      ->check(CLI::Range(2, 1000000))
      ->capture_default_str();
  bench->add_option("--repeats", request->repeats, "Runs of each kind")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  const Command loader = AddLoaderBench(*bench);
  return {bench, [request, loader](StopSignals& signals) {
            if (loader.app->parsed()) return loader.run(signals);
            return Bench(*request, signals, std::cout);
          }};
}

}  // namespace flowtrain
