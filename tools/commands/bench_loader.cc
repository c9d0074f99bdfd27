// `flowtrain bench loader GRAPH`: how fast is the loader by itself?

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "nodes/data/dataset.h"
#include "nodes/measure/host_stage.h"
#include "pipeline/base/cpu_limits.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/load/load.h"
#include "tools/measure/loader_report.h"
#include "tools/measure/loader_run.h"
#include "tools/measure/partial_graph.h"
#include "tools/process/signals.h"

namespace flowtrain {
namespace {

struct LoaderBenchRequest {
  GraphRequest graph;
  LoaderTimes times;
  int repeats = 3;
  double device_rate = 0;    // images/s of a device that takes the batches; 0: none
  bool skip_engine = false;  // do not measure the engine's share
  bool json = false;
};

// The facts that hold for all runs; opens the graph to read them.
LoaderReport Describe(const LoaderBenchRequest& request, const GraphDef& def) {
  RunControl run;
  Graph graph(def, Registry::Global(), run);
  graph.Open();
  const auto& stage = *FindComponent<HostStage>(graph);
  const CpuLimits cpu = ReadCpuLimits();
  LoaderReport report;
  report.graph = request.graph.graph;
  if (const auto* dataset = FindComponent<ImageDataset>(graph)) {
    report.dataset = dataset->Description();
  }
  report.sides = stage.view_sides();
  report.batch_size = stage.Layout().rows;
  report.workers = def.workers;
  report.cores = cpu.usable;
  report.cpu_quota = cpu.quota;
  report.device_rate = request.device_rate;
  report.times = request.times;
  return report;
}

// Runs `part` so that a signal stops it. Returns nothing if a signal did.
template <typename Part>
auto Watched(StopSignals& signals, Part part) {
  RunControl run;
  auto figures = [&] {
    const StopSignals::Watch watch(signals, run);
    return part(run);
  }();
  if (signals.count() > 0) figures.reset();
  if (!figures && signals.count() == 0) {
    throw DataError("the graph's source ended before the time was over");
  }
  return figures;
}

std::optional<EngineCost> MeasureEngine(const GraphDef& def, const LoaderTimes& times,
                                        StopSignals& signals) {
  const OneCore one_core;
  const GraphDef one_worker = OnOneWorker(def);
  const auto pipeline =
      Watched(signals, [&](RunControl& run) { return RunLoader(one_worker, times, run); });
  if (!pipeline) return std::nullopt;
  const auto bare =
      Watched(signals, [&](RunControl& run) { return RunBareLoop(one_worker, *pipeline, run); });
  if (!bare) return std::nullopt;
  return EngineCost{CostOf(*pipeline), *bare};
}

// Runs the graph up to the node that collates, without a device or a model, and prints what it
// delivers. By turns with these runs, unless told to skip it, measures the engine's share of the
// time on one core.
ExitCode BenchLoader(const LoaderBenchRequest& request, StopSignals& signals, std::ostream& out) {
  const GraphDef def = LoadForRun(request.graph).def;
  const GraphDef measured = HostGraph(def, Registry::Global(), request.device_rate);
  const GraphDef without_device = HostGraph(def, Registry::Global());
  LoaderReport report = Describe(request, measured);
  LogInfo("measuring the loader of " + report.graph);
  for (int i = 0; i < request.repeats; ++i) {
    const auto figures =
        Watched(signals, [&](RunControl& run) { return RunLoader(measured, request.times, run); });
    if (!figures) return ExitCode::kInterrupted;
    report.runs.push_back(*figures);
    if (!request.skip_engine) {
      const auto engine = MeasureEngine(without_device, request.times, signals);
      if (!engine) return ExitCode::kInterrupted;
      report.engine.push_back(*engine);
    }
    LogInfo("run " + std::to_string(i + 1) + " of " + std::to_string(request.repeats) + ": " +
            ShowRate(figures->images_per_s() * report.views()) + " views/s");
  }
  out << (request.json ? LoaderReportJson(report) + '\n' : LoaderReportText(report));
  return ExitCode::kDone;
}

}  // namespace

Command AddLoaderBench(CLI::App& bench) {
  const auto request = std::make_shared<LoaderBenchRequest>();
  auto* loader = bench.add_subcommand(
      "loader", "Measure the loader by itself: no device, no model; views/s and where time goes");
  AddGraphOptions(*loader, request->graph);
  const CLI::Range seconds(0.05, 86400.0);
  loader->add_option("--seconds", request->times.seconds, "Timed part of a run")
      ->check(seconds)
      ->capture_default_str();
  loader
      ->add_option("--warmup,--warm-up", request->times.warm_up_s,
                   "Seconds of a run before it is timed")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  loader
      ->add_option("--warmup-epochs,--warm-up-epochs", request->times.warm_up_epochs,
                   "Passes over the data set before a run is timed: 1 fills a cache")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  loader->add_option("--repeats", request->repeats, "Runs; the median is printed")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  loader
      ->add_option("--device-rate", request->device_rate,
                   "Let a device that takes so many images a second stand after the loader")
      ->check(CLI::Range(1e-3, 1e9))
      ->type_name("IMAGES_PER_S");
  loader->add_flag("--skip-engine", request->skip_engine,
                   "Do not measure the engine's share of the time on one core");
  loader->add_flag("--json", request->json, "One JSON object on standard output");
  return {loader,
          [request](StopSignals& signals) { return BenchLoader(*request, signals, std::cout); }};
}

}  // namespace flowtrain
