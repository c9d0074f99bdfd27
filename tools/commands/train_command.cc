// `flowtrain GRAPH`: a training run.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/data/dataset.h"
#include "nodes/device/device.h"
#include "nodes/device/torch_versions.h"
#include "nodes/distributed/launch/launch.h"
#include "nodes/distributed/rank_group.h"
#include "nodes/report/banner.h"
#include "nodes/report/report.h"
#include "nodes/report/terminal.h"
#include "nodes/run/run_dir.h"
#include "nodes/run/run_state.h"
#include "nodes/source/epoch_source.h"
#include "nodes/train/weights/checkpoint_folder.h"
#include "pipeline/base/early_log.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/commands/next_steps.h"
#include "tools/commands/start_ranks.h"
#include "tools/commands/version.h"
#include "tools/load/banner_facts.h"
#include "tools/load/find_file.h"
#include "tools/load/host_memory_limit.h"
#include "tools/load/join_ranks.h"
#include "tools/load/load.h"
#include "tools/load/machine.h"
#include "tools/load/resume.h"
#include "tools/load/run_parameters.h"
#include "tools/process/failure.h"
#include "tools/process/key_watch.h"
#include "tools/process/signals.h"
#include "tools/timing/run_timing.h"
#include "tools/timing/setting_limits.h"
#include "tools/tune/auto_tune.h"
#include "tools/tune/device_name.h"
#include "tools/tune/tuned_file.h"

namespace flowtrain {
namespace {

struct TrainRequest {
  GraphRequest graph;
  bool tuned = false;      // set up as flowtrain tune found
  std::string tuned_file;  // its file; empty: the one of this machine
  bool quiet = false;
  DevicesRequest devices;
  std::string command_line;
};

void LogBanner(Graph& graph, const Config& config) {
  std::istringstream lines(FormatBanner(GatherBannerFacts(graph, config), LocaleIsUtf8()));
  for (std::string line; std::getline(lines, line);) LogInfo(line);
}

// The number of threads may change; that of batches stays as in the graph, since each takes memory.
Capacity AutoCapacity(const GraphDef& def) {
  const Capacity most = LimitsFor(def, ThisMachine().cores);
  return {most.threads, most.sample_slots, 0};
}

// Empty where there is one rank.
std::optional<RankTimings> TimingsOfRanks(const Graph& graph) {
  auto* ranks = FindComponent<RankGroup>(graph);
  if (ranks == nullptr || !ranks->several()) return std::nullopt;
  return RankTimings{.rank = ranks->rank(),
                     .ranks = ranks->ranks(),
                     .waited_s = [ranks] { return ranks->waited_s(); },
                     .publish = [ranks](const std::string& text) { ranks->Publish(text); },
                     .published = [ranks] { return ranks->Published(); }};
}

// Runs the graph with what watches it: the timing, the table on demand, the tuner.
void RunWatched(Graph& graph, StopSignals& signals) {
  const Registry& registry = Registry::Global();
  const auto* device = FindComponent<Device>(graph);
  const auto* run_dir = FindComponent<RunDir>(graph);
  const auto gpu = [device] { return device == nullptr ? GpuStatus{} : device->Status(); };
  const RunTiming timing(graph, registry, device == nullptr ? "" : device->Name(), gpu,
                         run_dir == nullptr ? "" : run_dir->path(), TimingsOfRanks(graph));
  const auto show = [&] {
    std::istringstream lines(timing.RecentText());
    for (std::string line; std::getline(lines, line);) LogInfo(line);
  };
  const StopSignals::OnDemand on_signal(signals, show);
  const KeyWatch on_key('t', show);
  std::optional<AutoTune> tuner;
  if (graph.def().auto_workers) tuner.emplace(graph, registry);
  graph.Run();
}

bool HasNode(const Graph& graph, const char* type) {
  const std::vector<NodeDef>& nodes = graph.def().nodes;
  return std::any_of(nodes.begin(), nodes.end(),
                     [type](const NodeDef& node) { return node.type == type; });
}

// What the first signal brings about.
std::string Stopping(const Graph& graph) {
  if (FindComponent<Report>(graph) == nullptr) {
    return "stopping before the end: there is no result; again to abort";
  }
  if (!graph.running()) {
    return "stopping: no step is under way, so there is none to finish; again to abort";
  }
  if (!HasNode(graph, "Checkpoint")) return "stopping: finishing the step; again to abort";
  return "stopping: finishing the step, then a checkpoint; again to abort";
}

// A run to the end of which the network is not finite has come to nothing.
ExitCode HowItFinished(const Graph& graph) {
  const auto* run_dir = FindComponent<RunDir>(graph);
  const std::string divergence = run_dir == nullptr ? "" : run_dir->divergence();
  if (divergence.empty()) return ExitCode::kDone;
  LogError(divergence);
  return ExitCode::kFailed;
}

ExitCode HowItEnded(const Graph& graph, const RunControl& run, const StopSignals& signals) {
  if (signals.count() == 0 && !run.stopped_here()) return HowItFinished(graph);
  const auto* report = FindComponent<Report>(graph);
  if (report == nullptr) {
    LogInfo("interrupted: there is no result");
  } else if (run.aborted()) {
    LogInfo("aborted: the steps after the last checkpoint are lost");
  } else {
    LogInfo(std::string("interrupted: the run stopped after a whole step") +
            (report->totals().steps() == 0 ? "; none was made" : ""));
  }
  return ExitCode::kInterrupted;
}

// What to do next, after a run that has come to something.
void TellNextSteps(const Graph& graph, const std::string& graph_file, ExitCode code) {
  const auto* run_dir = FindComponent<RunDir>(graph);
  const auto* report = FindComponent<Report>(graph);
  const bool trains = report != nullptr || HasNode(graph, "Checkpoint");
  if (run_dir == nullptr || !trains || code == ExitCode::kFailed) return;
  if (!run_dir->divergence().empty()) return;  // which says what to do
  const std::vector<std::string> checkpoints = ListCheckpoints(run_dir->path());
  const bool in_vain = report != nullptr && report->totals().steps() == 0;
  if (checkpoints.empty() && in_vain) return;  // the folder is removed
  RunEnd end;
  end.graph = graph_file;
  end.run_dir = run_dir->path();
  if (!checkpoints.empty()) end.checkpoint = checkpoints.front();
  end.interrupted = code == ExitCode::kInterrupted;
  const auto* dataset = FindComponent<ImageDataset>(graph);
  end.on_samples = dataset != nullptr && dataset->kind() == DatasetKind::kSample;
  for (const std::string& line : NextSteps(end)) LogInfo(line);
}

// What `flowtrain runs` says of the run.
class StateOfRun {
 public:
  // Null: there is no folder to write it to.
  explicit StateOfRun(const RunDir* run_dir) : run_dir_(run_dir) {}

  // Once the graph is open. A run that goes on keeps the time of its first start.
  void Begin(const Graph& graph) {
    if (run_dir_ == nullptr) return;
    const auto* source = FindComponent<EpochSource>(graph);
    const std::optional<RunState> before = ReadRunState(run_dir_->path());
    state_.total_steps = source == nullptr ? 0 : source->total_steps();
    state_.started_s = before && before->started_s > 0 ? before->started_s : std::time(nullptr);
    Write("running");
    begun_ = true;
  }

  ExitCode End(ExitCode code) {
    if (!begun_) return code;
    try {
      Write(code == ExitCode::kDone          ? "done"
            : code == ExitCode::kInterrupted ? "interrupted"
                                             : "failed");
    } catch (const std::exception& error) {
      LogWarning(error.what());  // the run's own end counts
    }
    return code;
  }

 private:
  void Write(const char* state) {
    state_.state = state;
    WriteRunState(run_dir_->path(), state_);
  }

  const RunDir* run_dir_;  // null: the graph has none
  RunState state_;
  bool begun_ = false;
};

void SetAsTuned(const TrainRequest& request, GraphDef& def) {
  const Registry& registry = Registry::Global();
  const Machine machine = ThisMachine();
  const std::string path =
      FindShippedFile(request.tuned_file.empty() ? TunedName(machine) : request.tuned_file);
  ApplyTuned(path, TunedFor(def, registry, machine, DeviceNameOf(def, registry)), def);
  LogInfo("set as tuned: " + path);
}

// For the log file alone: the terminal has the command, and the user the program.
void LogToFileByLine(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) LogToFile(line);
}

// Trains to the end, or to the first signal. Throws what keeps the run from starting; a failure
// from the opening of the graph on is logged, also in the run directory's log.
ExitCode Train(const TrainRequest& request, StopSignals& signals) {
  const std::string header = RunHeader(request.command_line);
  KeepLogLines();
  LogToFileByLine(header);
  const char* level = std::getenv("FLOWTRAIN_LOG");
  if (level != nullptr && std::string_view(level) == "debug") SetLogLevel(LogLevel::kDebug);
  if (request.quiet) SetLogLevel(LogLevel::kWarning);
  const Launch launch = ReadLaunch(ProcessEnvironment());
  const bool leads = launch.rank == 0;
  LogAsRank(launch);
  LoadedGraph loaded = LoadForRun(request.graph, &signals);
  if (request.tuned) SetAsTuned(request, loaded.def);
  if (loaded.def.auto_workers) loaded.def.capacity = AutoCapacity(loaded.def);
  RunControl run;
  Graph graph(loaded.def, Registry::Global(), run);
  RankGroup* ranks = JoinRanks(launch, graph);
  auto* run_dir = FindComponent<RunDir>(graph);
  if (run_dir != nullptr) {
    run_dir->BeginLater();
    run_dir->SetResolvedConfig(header + ParametersForOthers(loaded.config));
    run_dir->SetGraph(loaded.def.name);
  }
  if (auto* report = FindComponent<Report>(graph)) report->SetQuiet(request.quiet);
  if (auto* dataset = FindComponent<ImageDataset>(graph); dataset != nullptr && loaded.resume) {
    ExpectImages(*loaded.resume, request.graph.resume, *dataset);
  }
  CheckHostMemory(graph, loaded.config);
  StateOfRun state(leads ? run_dir : nullptr);
  try {
    graph.Open();
    if (ranks != nullptr) CompareWithRankZero(loaded, graph, *ranks);
    CheckResumes(loaded, graph);
    if (run_dir != nullptr) run_dir->Begin();
    state.Begin(graph);
    LogToFileByLine(GpuVersions());
    LogBanner(graph, loaded.config);
    if (launch.ranks > 1) {
      LogInfo("ranks: " + std::to_string(launch.ranks) + ", which share the batches");
    }
    if (!leads) SetLogLevel(LogLevel::kWarning);
    const StopSignals::Watch watch(signals, run, [&graph] { return Stopping(graph); });
    RunWatched(graph, signals);
  } catch (const std::exception& error) {
    if (ranks != nullptr) ranks->LeaveFailed(error.what());
    return state.End(LogFailure(std::current_exception()));
  } catch (...) {
    return state.End(LogFailure(std::current_exception()));
  }
  if (ranks != nullptr) ranks->Leave();
  const ExitCode code = state.End(HowItEnded(graph, run, signals));
  TellNextSteps(graph, request.graph.graph, code);
  return code;
}

void AddResume(CLI::App& app, ResumeRequest& request) {
  auto* resume =
      TakesPath(
          app.add_option("--resume", request.from,
                         "Go on with the run in a folder, or from a checkpoint; without a value "
                         "with that in --run-dir, else with the newest one"))
          ->expected(0, 1)
          ->type_name("PATH");
  app.add_flag("--resume-anyway", request.anyway,
               "With --resume: go on although parameters have changed that make it another run")
      ->needs(resume);
}

}  // namespace

Command AddTrain(CLI::App& app, const std::string& command_line) {
  const auto request = std::make_shared<TrainRequest>();
  request->command_line = command_line;
  AddGraphOptions(app, request->graph);
  TakesPath(app.add_option("--run-dir", request->graph.run_dir,
                           "Folder the run writes to, new or empty; without it runs/NAME-DATE"))
      ->type_name("DIR");
  AddResume(app, request->graph.resume);
  TakesPath(app.add_option("--init", request->graph.init,
                           "Start the backbone from weights (.safetensors, .pt) or a checkpoint"))
      ->type_name("FILE");
  const CLI::Option* tuned =
      TakesPath(app.add_option("--tuned", request->tuned_file,
                               "Set workers and slots as `flowtrain tune` found; FILE in place of "
                               "configs/tuned/HOST.yaml"))
          ->expected(0, 1)
          ->type_name("FILE");
  request->devices.AddTo(app);
  app.add_flag("--quiet", request->quiet,
               "Only warnings and errors; the run directory has the rest");
  return {&app, [&app, request, tuned](StopSignals& signals) {
            // Both options may be given without a value.
            request->tuned = tuned->count() > 0;
            request->graph.resume.wanted = app.count("--resume") > 0;
            if (request->devices.IsToStartRanks()) {
              return StartRanks(request->devices.devices, signals);
            }
            return Train(*request, signals);
          }};
}

}  // namespace flowtrain
