// `flowtrain timing GRAPH|RUN`: where does the time go, how fast could it go?

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "nodes/distributed/launch/launch.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/new_file.h"
#include "pipeline/base/files/output_path.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/shell_word.h"
#include "pipeline/base/text/suggest.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"
#include "pipeline/runtime/trace_ring.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/commands/start_ranks.h"
#include "tools/load/load.h"
#include "tools/load/machine.h"
#include "tools/measure/partial_graph.h"
#include "tools/process/failure.h"
#include "tools/process/signals.h"
#include "tools/timing/graph_run.h"
#include "tools/timing/html_page.h"
#include "tools/timing/measure_alone.h"
#include "tools/timing/op_profile.h"
#include "tools/timing/rank_timing.h"
#include "tools/timing/run_trace.h"
#include "tools/timing/setting_limits.h"
#include "tools/timing/timing_json.h"
#include "tools/timing/timing_text.h"

namespace flowtrain {
namespace {

struct TimingRequest {
  GraphRequest graph;  // or the folder of a run
  RunToMeasure run;
  bool sweep = false, no_device = false, quick = false, json = false;
  DevicesRequest devices;
  std::string trace, html;  // files to write; empty: none
};

using nlohmann::json;

constexpr size_t kTracedCallsAThread = 1U << 16U;

void AddOps(const OpProfileResult& ops, json& timing) {
  timing["ops"] = OpsJson(ops);
  if (ops.device.empty()) return;
  timing["device"]["copy"] = ops.copy_share;
  timing["device"]["compute"] = ops.compute_share;
}

void WritePage(const json& timing, const std::string& path) {
  WriteNewFile(path, TimingPage(timing));
  LogInfo("page written to " + path);
}

// The figures, and what is left to do with them once they are printed.
struct TimingResult {
  json timing;
  std::function<void()> write_trace;
};

// Of several ranks, a row for each of them.
void AddRanks(const MeasuredRun& measured, json& timing) {
  timing["ranks"] = {RankTiming(0, timing, measured.waited_s, measured.part.seconds())};
  for (const std::string& text : measured.others) timing["ranks"].push_back(json::parse(text));
}

std::string WhatIsRun(const TimingRequest& request, const std::string& graph, int ranks) {
  return "running " + graph + (request.no_device ? " without a device" : "") +
         (ranks > 1
              ? " on " + std::to_string(ranks) + " ranks, of which the nodes of rank 0 are shown"
              : "") +
         ": " + std::to_string(request.run.steps) + " steps after " +
         std::to_string(request.run.warm_up) + ", or " + ShowDuration(request.run.seconds);
}

TimingResult OfGraph(const TimingRequest& request, StopSignals& signals) {
  const Registry& registry = Registry::Global();
  const LoadedGraph loaded = LoadForRun(request.graph, &signals);
  const GraphDef def =
      request.no_device ? HostGraph(loaded.def, registry) : TrainGraph(loaded.def, registry);
  const Launch launch = ReadLaunch(ProcessEnvironment());
  const bool several = launch.ranks > 1;
  std::shared_ptr<TraceRing> trace;
  if (!request.trace.empty()) trace = std::make_shared<TraceRing>(kTracedCallsAThread);

  LogInfo(WhatIsRun(request, def.name, launch.ranks));
  RunToMeasure how = request.run;
  how.trace = trace.get();
  how.together = several ? &loaded : nullptr;
  const auto measured = MeasureRun(def, how, signals);
  if (!measured) return {};
  const double cores = ThisMachine().cores;
  Timing timing{def,
                registry,
                measured->device,
                measured->part,
                measured->steps,
                measured->slices,
                LoadOf(measured->part, cores),
                LimitsFor(def, cores),
                request.sweep,
                measured->gpu};
  // Nothing of a rank is measured alone: the others would have had the cores too.
  if (!several && (!request.quick || request.sweep)) {
    const AloneRequest alone{timing.most, request.sweep, request.sweep ? 0.6 : 0.3,
                             !request.no_device};
    const auto say = [](const std::string& what) { LogInfo("measuring " + what); };
    if (!MeasureAlone(def, registry, alone, signals, say, timing.load)) return {};
  }
  if (measured->ops && !measured->ops->device.empty()) {
    timing.load.device_busy =
        std::min(1.0, measured->ops->compute_share + measured->ops->copy_share);
  }
  TimingResult result{TimingJson(timing), {}};
  if (several) AddRanks(*measured, result.timing);
  if (measured->ops) AddOps(*measured->ops, result.timing);
  if (trace) {
    result.write_trace = [=] { WriteRunTrace(def.name, *measured, *trace, request.trace); };
  }
  return result;
}

// What the other ranks do while the first one measures.
ExitCode TimeOtherRank(const TimingRequest& request, StopSignals& signals) {
  const LoadedGraph loaded = LoadForRun(request.graph, &signals);
  RunToMeasure how = request.run;
  how.together = &loaded;
  MeasureAlong(TrainGraph(loaded.def, Registry::Global()), how, signals);
  return ExitCode::kDone;
}

bool IsRun(const std::string& path) {
  return std::filesystem::is_directory(path) || std::filesystem::path(path).extension() == ".json";
}

TimingResult OfRun(const std::string& path) {
  return {ReadTiming(std::filesystem::is_directory(path) ? path + "/timing.json" : path), {}};
}

// Before anything is measured.
void TryOutputs(const TimingRequest& request) {
  if (!request.trace.empty() && request.trace == request.html) {
    throw ConfigError("--trace and --html name the same file, " + request.html);
  }
  for (const std::string& path : {request.trace, request.html}) {
    if (!path.empty()) TryOutput(path);
  }
}

// False, with the error logged, where the file could not be written.
bool Write(const std::function<void()>& write) {
  try {
    write();
    return true;
  } catch (...) {
    LogFailure(std::current_exception());
    return false;
  }
}

// For a graph: runs it, then measures its parts alone, and prints the table, the bound and the
// verdict. For a run: prints its timing.json in the same way.
ExitCode TimingOf(const TimingRequest& request, StopSignals& signals, std::ostream& out) {
  TryOutputs(request);
  const TimingResult result =
      IsRun(request.graph.graph) ? OfRun(request.graph.graph) : OfGraph(request, signals);
  const json& timing = result.timing;
  if (timing.is_null()) return ExitCode::kInterrupted;
  out << (request.json ? timing.dump(2) + '\n' : TimingText(timing)) << std::flush;
  bool written = result.write_trace == nullptr || Write(result.write_trace);
  if (!request.html.empty()) {
    written = Write([&] { WritePage(timing, request.html); }) && written;
  }
  return written ? ExitCode::kDone : ExitCode::kFailed;
}

void RefuseCheckpoint(const std::string& path) {
  const std::filesystem::path file = path;
  if (file.extension() != ".safetensors" || !std::filesystem::is_regular_file(file)) return;
  throw ConfigError(path +
                    " is a checkpoint; timing is of a run, name its folder: flowtrain timing " +
                    ShellWord(absolute(file).parent_path().parent_path().string()));
}

// A run has been measured: of its figures no option can make others.
void RefuseForRun(const CLI::App& timing, const std::string& run) {
  std::vector<std::string> unused;
  for (const CLI::Option* option : timing.get_options()) {
    if (option->count() == 0 || option->get_lnames().empty()) continue;
    const std::string& name = option->get_lnames().front();
    if (name != "html" && name != "json") unused.push_back("--" + name);
  }
  if (unused.empty()) return;
  throw ConfigError(run + " is a run that has been measured, and " + JoinNames(unused) +
                    " would change nothing: leave it out, or name the graph to measure it anew");
}

}  // namespace

Command AddTiming(CLI::App& app) {
  const auto request = std::make_shared<TimingRequest>();
  auto* timing = app.add_subcommand(
      "timing", "Show where the time goes, how fast the machine could be, and what to change");
  TakesPath(
      timing->add_option("GRAPH|RUN", request->graph.graph,
                         "Graph file to run and measure, or the folder of a run that has ended"));
  AddParameterOptions(*timing, request->graph.configs, request->graph.sets);
  timing->add_option("--steps", request->run.steps, "Optimiser steps that are measured")
      ->check(CLI::Range(1, 1000000000))
      ->capture_default_str();
  timing->add_option("--warmup,--warm-up", request->run.warm_up, "Steps before them that are not")
      ->check(CLI::Range(0, 1000000000))
      ->capture_default_str();
  timing->add_option("--seconds", request->run.seconds, "Measure no longer than this")
      ->check(CLI::Range(0.1, 86400.0))
      ->capture_default_str();
  request->devices.AddTo(*timing);
  auto* no_device = timing->add_flag("--no-device", request->no_device,
                                     "The loader alone, without device and model");
  auto* sweep =
      timing->add_flag("--sweep", request->sweep, "Each node alone on 1, 2, 4 ... workers");
  timing
      ->add_flag("--quick", request->quick,
                 "Do not measure nodes and device alone: the bound is less exact")
      ->excludes(sweep);
  timing->add_flag("--ops", request->run.ops, "libtorch's operators too, by device or CPU time")
      ->excludes(no_device);
  TakesPath(
      timing->add_option("--trace", request->trace,
                         "Write the timeline as Chrome trace events, for https://ui.perfetto.dev"))
      ->type_name("FILE");
  TakesPath(timing->add_option("--html", request->html, "Write all of it as one page to look at"))
      ->type_name("FILE");
  timing->add_flag("--json", request->json, "One JSON object on standard output (docs/timing.md)");
  return {timing, [timing, request](StopSignals& signals) {
            RefuseCheckpoint(request->graph.graph);
            if (IsRun(request->graph.graph)) {
              RefuseForRun(*timing, request->graph.graph);
              return TimingOf(*request, signals, std::cout);
            }
            if (request->devices.IsToStartRanks()) {
              return StartRanks(request->devices.devices, signals);
            }
            const Launch launch = ReadLaunch(ProcessEnvironment());
            LogAsRank(launch);
            if (request->sweep) RefuseOfSeveral("--sweep", launch);
            if (request->no_device) RefuseOfSeveral("--no-device", launch);
            return launch.rank == 0 ? TimingOf(*request, signals, std::cout)
                                    : TimeOtherRank(*request, signals);
          }};
}

}  // namespace flowtrain
