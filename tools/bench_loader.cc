#include "tools/bench_loader.h"

#include <optional>
#include <string>
#include <utility>

#include "nodes/report/units.h"
#include "nodes/source/dataset.h"
#include "nodes/stage/host_stage.h"
#include "pipeline/cpu_limits.h"
#include "pipeline/log.h"
#include "pipeline/registry.h"
#include "pipeline/run_control.h"
#include "tools/bench_graph.h"
#include "tools/bench_loader_report.h"

namespace flowtrain {
namespace {

// The facts that hold for all runs, of a graph that is opened to be asked.
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
  report.view_size = stage.image_size();
  report.views = stage.Layout().views;
  report.batch_size = stage.Layout().rows;
  report.workers = def.workers;
  report.cores = cpu.usable;
  report.cpu_quota = cpu.quota;
  report.device_rate = request.device_rate;
  report.times = request.times;
  return report;
}

// Runs `part` so that a signal stops it. Nothing: a signal did.
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

}  // namespace

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
            ShowRate(figures->images_per_s() * report.views) + " views/s");
  }
  out << (request.json ? LoaderReportJson(report) + '\n' : LoaderReportText(report));
  return ExitCode::kDone;
}

}  // namespace flowtrain
