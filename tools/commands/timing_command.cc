// `flowtrain timing GRAPH|RUN`: where does the time go, how fast could it go?

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "nodes/device/device.h"
#include "nodes/distributed/launch/launch.h"
#include "nodes/distributed/rank_group.h"
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
#include "tools/measure/live_run.h"
#include "tools/measure/partial_graph.h"
#include "tools/process/failure.h"
#include "tools/process/signals.h"
#include "tools/timing/chrome_trace.h"
#include "tools/timing/html_page.h"
#include "tools/timing/measure_alone.h"
#include "tools/timing/op_profile.h"
#include "tools/timing/recorder.h"
#include "tools/timing/setting_limits.h"
#include "tools/timing/timing_json.h"
#include "tools/timing/timing_text.h"

namespace flowtrain {
namespace {

struct TimingRequest {
  GraphRequest graph;    // or the folder of a run
  uint64_t steps = 100;  // measured
  uint64_t warm_up = 5;  // steps before them
  double seconds = 60;   // after which it stops measuring
  bool sweep = false, no_device = false, quick = false, ops = false, json = false;
  DevicesRequest devices;
  std::string trace, html;  // files to write; empty: none
};

using nlohmann::json;

constexpr double kSliceSeconds = 0.1, kTracedSliceSeconds = 0.005;
constexpr double kProgressSeconds = 5, kLookSeconds = 0.02;
constexpr size_t kTracedCallsAThread = 1U << 16U;
constexpr uint64_t kProfiledSteps = 3;

// What a run of the graph showed.
struct Measured {
  Snapshot part;
  std::string device;  // "" where there is none
  uint64_t steps = 0;
  std::vector<Slice> slices;
  uint64_t rows = 1;  // of a batch
  std::optional<OpProfileResult> ops;
  std::vector<CollectiveSpan> collectives;  // of several ranks
  GpuStatus gpu;
};

// Waits until the recorder has seen enough, or the run has ended, and reports progress.
void AwaitSteps(LiveRun& run, const Recorder& recorder, const TimingRequest& request) {
  double said_s = 0;
  // Seldom: reading all figures must not disturb what is measured.
  while (run.Pause(kLookSeconds)) {
    const std::optional<Snapshot> part = recorder.Measured();
    if (!part) continue;
    const uint64_t steps = recorder.measured_steps();
    if (steps >= request.steps || part->seconds() >= request.seconds) return;
    if (part->seconds() - said_s < kProgressSeconds) continue;
    said_s = part->seconds();
    LogInfo("  step " + std::to_string(steps) + " of " + std::to_string(request.steps) + ", " +
            ShowRate(part->images_per_s()) + " images/s");
  }
}

// A GPU's columns and its part of the trace are made of its own events.
bool WantsOps(const TimingRequest& request, LiveRun& run) {
  const auto* device = FindComponent<Device>(run.graph());
  return device != nullptr && (request.ops || device->is_accelerator());
}

// After the measuring, which it would slow down.
OpProfileResult ProfileOps(LiveRun& run) {
  LogInfo("profiling " + std::to_string(kProfiledSteps) + " steps");
  const auto steps = [&] { return run.graph().counters().back().messages; };
  const uint64_t first = steps();
  run.Await([&] { return steps() > first; });  // from the beginning of a step
  const auto* device = FindComponent<Device>(run.graph());
  OpProfile profile(run.graph(), device != nullptr && device->is_accelerator());
  const uint64_t begin = steps();
  run.Await([&] { return steps() >= begin + kProfiledSteps; });
  return profile.Stop();
}

// Returns nothing if a signal ended it.
std::optional<Measured> Measure(const GraphDef& def, const TimingRequest& request,
                                StopSignals& signals, TraceRing* trace,
                                const LoadedGraph* together) {
  const int before = signals.count();
  LiveRun run(def, Registry::Global(), &signals, trace, together);
  auto* ranks = FindComponent<RankGroup>(run.graph());
  if (ranks != nullptr && trace != nullptr) ranks->log().Begin();
  const double slice_s = trace == nullptr ? kSliceSeconds : kTracedSliceSeconds;
  Measured measured;
  const auto* device = FindComponent<Device>(run.graph());
  if (device != nullptr) measured.device = device->Name();
  measured.rows = static_cast<uint64_t>(FindComponent<CollateNode>(run.graph())->Layout().rows);
  std::optional<Snapshot> part;
  {
    const auto gpu = [device] { return device == nullptr ? GpuStatus{} : device->Status(); };
    const Recorder recorder(run.graph(), request.warm_up, slice_s, gpu);
    AwaitSteps(run, recorder, request);
    part = recorder.Measured();
    measured.steps = recorder.measured_steps();
    measured.slices = recorder.slices();
    measured.gpu = recorder.MeasuredGpu();
  }
  if (part && WantsOps(request, run)) measured.ops = ProfileOps(run);
  run.Stop();
  if (ranks != nullptr) measured.collectives = ranks->log().Spans();
  if (signals.count() > before) return std::nullopt;
  if (!part || part->images() == 0) {
    throw DataError(
        "the run ended before anything could be measured; lower --warmup, or give it "
        "more images");
  }
  measured.part = *part;
  return measured;
}

// Shows whether the sums go on beside the backward pass that they are of.
RankSlice SliceOf(const CollectiveSpan& span) {
  using Kind = CollectiveSpan::Kind;
  const auto slice = [&](const char* name, const char* track) {
    return RankSlice{name, track, span.begin_ns, span.end_ns, span.bytes};
  };
  if (span.kind == Kind::kLastBackward) return slice("backward", "last backward");
  return span.kind == Kind::kSum ? slice("sum", "sums over ranks")
                                 : slice("gather", "gathers from ranks");
}

void WriteTrace(const GraphDef& def, const Measured& measured, const TraceRing& ring,
                const std::string& path) {
  ChromeTrace trace;
  trace.graph = def.name;
  uint64_t batches = 0, steps = 0;
  for (const NodeCounters& node : measured.part.nodes) {
    trace.nodes.push_back({node.name, node.on_lane});
    if (node.stream == Stream::kBatch) batches = node.messages;
    if (node.stream == Stream::kStep) steps = node.messages;
  }
  for (const PoolCounters& pool : measured.part.pools) trace.pools.push_back(pool.name);
  trace.calls = ring.Calls();
  trace.dropped_calls = ring.dropped();
  for (const Slice& slice : measured.slices) {
    trace.levels.push_back({slice.at_ns,
                            {slice.queued.begin(), slice.queued.end()},
                            {slice.in_use.begin(), slice.in_use.end()}});
  }
  trace.device = measured.device;
  if (measured.ops) {
    for (const DeviceWork& work : measured.ops->device) {
      trace.device_slices.push_back(
          {work.name, work.copy ? "copy" : "compute", work.begin_ns, work.end_ns});
    }
  }
  for (const CollectiveSpan& span : measured.collectives) {
    trace.rank_slices.push_back(SliceOf(span));
  }
  trace.rows = measured.rows;
  trace.window = steps == 0 ? 1 : std::max<uint64_t>(1, (batches + steps / 2) / steps);
  WriteChromeTrace(trace, path);
  LogInfo("trace written to " + path + "; open it at https://ui.perfetto.dev");
}

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

TimingResult OfGraph(const TimingRequest& request, StopSignals& signals) {
  const Registry& registry = Registry::Global();
  const LoadedGraph loaded = LoadForRun(request.graph, &signals);
  const GraphDef def =
      request.no_device ? HostGraph(loaded.def, registry) : TrainGraph(loaded.def, registry);
  const Launch launch = ReadLaunch(ProcessEnvironment());
  const bool several = launch.ranks > 1;
  std::shared_ptr<TraceRing> trace;
  if (!request.trace.empty()) trace = std::make_shared<TraceRing>(kTracedCallsAThread);

  LogInfo("running " + def.name + (request.no_device ? " without a device" : "") +
          (several ? " on " + std::to_string(launch.ranks) + " ranks, of which this one is shown"
                   : "") +
          ": " + std::to_string(request.steps) + " steps after " + std::to_string(request.warm_up) +
          ", or " + ShowDuration(request.seconds));
  const auto measured = Measure(def, request, signals, trace.get(), several ? &loaded : nullptr);
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
  if (measured->ops) AddOps(*measured->ops, result.timing);
  if (trace) {
    result.write_trace = [=] { WriteTrace(def, *measured, *trace, request.trace); };
  }
  return result;
}

// What the other ranks do while the first one measures.
ExitCode TrainAlong(const TimingRequest& request, StopSignals& signals) {
  const LoadedGraph loaded = LoadForRun(request.graph, &signals);
  const GraphDef def = TrainGraph(loaded.def, Registry::Global());
  LiveRun(def, Registry::Global(), &signals, nullptr, &loaded).TrainAlong();
  return ExitCode::kDone;
}

void RefuseOfSeveral(const TimingRequest& request, const Launch& launch) {
  if (launch.ranks == 1 || !(request.no_device || request.sweep)) return;
  throw ConfigError(std::string(request.sweep ? "--sweep" : "--no-device") +
                    " measures the loader of one process, but this is one of " +
                    std::to_string(launch.ranks) + ": leave it out, or start one process");
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
  timing->add_option("--steps", request->steps, "Optimiser steps that are measured")
      ->check(CLI::Range(1, 1000000000))
      ->capture_default_str();
  timing->add_option("--warmup,--warm-up", request->warm_up, "Steps before them that are not")
      ->check(CLI::Range(0, 1000000000))
      ->capture_default_str();
  timing->add_option("--seconds", request->seconds, "Measure no longer than this")
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
  timing->add_flag("--ops", request->ops, "libtorch's operators too, by device or CPU time")
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
            RefuseOfSeveral(*request, launch);
            return launch.rank == 0 ? TimingOf(*request, signals, std::cout)
                                    : TrainAlong(*request, signals);
          }};
}

}  // namespace flowtrain
