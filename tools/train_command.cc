#include "tools/train_command.h"

#include <cstdlib>
#include <exception>
#include <sstream>
#include <string>
#include <string_view>

#include "nodes/report/banner.h"
#include "nodes/report/report.h"
#include "nodes/report/run_dir.h"
#include "nodes/report/terminal.h"
#include "nodes/report/units.h"
#include "pipeline/log.h"
#include "pipeline/registry.h"
#include "pipeline/run_control.h"
#include "tools/banner_facts.h"
#include "tools/failure.h"

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
  const LoadedGraph loaded = LoadForRun(request, &signals);
  RunControl run;
  Graph graph(loaded.def, Registry::Global(), run);
  if (auto* run_dir = FindComponent<RunDir>(graph)) {
    run_dir->SetResolvedConfig(loaded.config.ToYaml());
    run_dir->SetGraph(loaded.def.name);
  }
  if (auto* report = FindComponent<Report>(graph)) report->SetQuiet(quiet);
  graph.Open();
  LogBanner(graph, loaded.config);
  try {
    const StopSignals::Watch watch(signals, run);
    graph.Run();
  } catch (...) {
    return LogFailure(std::current_exception());
  }
  LogBadImages(graph);
  return HowItEnded(run, signals);
}

}  // namespace flowtrain
