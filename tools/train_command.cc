#include "tools/train_command.h"

#include <cstdlib>
#include <exception>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "nodes/report/banner.h"
#include "nodes/report/report.h"
#include "nodes/report/run_dir.h"
#include "nodes/report/terminal.h"
#include "nodes/report/units.h"
#include "nodes/train/device.h"
#include "pipeline/log.h"
#include "pipeline/registry.h"
#include "pipeline/run_control.h"
#include "tools/banner_facts.h"
#include "tools/failure.h"
#include "tools/host_memory_limit.h"
#include "tools/key_watch.h"
#include "tools/timing/machine.h"
#include "tools/timing/run_timing.h"
#include "tools/timing/setting_limits.h"
#include "tools/tune/auto_tune.h"

namespace flowtrain {
namespace {

void LogBanner(const Graph& graph, const Config& config) {
  std::istringstream lines(FormatBanner(GatherBannerFacts(graph, config), LocaleIsUtf8()));
  for (std::string line; std::getline(lines, line);) LogInfo(line);
}

void LogBadImages(const Graph& graph) {
  uint64_t bad = 0;
  for (const NodeCounters& node : graph.counters()) bad += node.bad;
  if (bad == 0) return;
  LogWarning(ShowCount(bad) +
             " times an image could not be read and another took its place; the log names them");
}

// Threads may come and go; batches stay as many as the graph says, since each takes memory.
Capacity AutoCapacity(const GraphDef& def) {
  const SettingLimits most = LimitsFor(def, ThisMachine().cores);
  return {most.threads, most.sample_slots, 0};
}

// Runs the graph with what looks on: the timing, the table on demand, the tuner.
void RunWatched(Graph& graph, StopSignals& signals) {
  const Registry& registry = Registry::Global();
  const auto* device = FindComponent<Device>(graph);
  const auto* run_dir = FindComponent<RunDir>(graph);
  const RunTiming timing(graph, registry, device == nullptr ? "" : device->Name(),
                         run_dir == nullptr ? "" : run_dir->path());
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

ExitCode HowItEnded(const RunControl& run, const StopSignals& signals) {
  if (signals.count() == 0) return ExitCode::kDone;
  LogInfo(run.aborted() ? "aborted: the steps after the last checkpoint are lost"
                        : "interrupted: the run stopped after a whole step");
  return ExitCode::kInterrupted;
}

}  // namespace

ExitCode Train(const GraphRequest& request, bool quiet, StopSignals& signals) {
  const char* level = std::getenv("FLOWTRAIN_LOG");
  if (level != nullptr && std::string_view(level) == "debug") SetLogLevel(LogLevel::kDebug);
  if (quiet) SetLogLevel(LogLevel::kWarning);
  LoadedGraph loaded = LoadForRun(request, &signals);
  if (loaded.def.auto_workers) loaded.def.capacity = AutoCapacity(loaded.def);
  RunControl run;
  Graph graph(loaded.def, Registry::Global(), run);
  if (auto* run_dir = FindComponent<RunDir>(graph)) {
    run_dir->SetResolvedConfig(loaded.config.ToYaml());
    run_dir->SetGraph(loaded.def.name);
  }
  if (auto* report = FindComponent<Report>(graph)) report->SetQuiet(quiet);
  CheckHostMemory(graph, loaded.config);
  graph.Open();
  LogBanner(graph, loaded.config);
  try {
    const StopSignals::Watch watch(signals, run);
    RunWatched(graph, signals);
  } catch (...) {
    return LogFailure(std::current_exception());
  }
  LogBadImages(graph);
  return HowItEnded(run, signals);
}

}  // namespace flowtrain
