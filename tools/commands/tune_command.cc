// `flowtrain tune GRAPH`: finds the worker counts, slots and batch buffers that are fastest here.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "nodes/distributed/launch/launch.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/text_table.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/commands/start_ranks.h"
#include "tools/commands/usage.h"
#include "tools/load/load.h"
#include "tools/load/machine.h"
#include "tools/measure/partial_graph.h"
#include "tools/process/signals.h"
#include "tools/timing/setting_limits.h"
#include "tools/tune/device_name.h"
#include "tools/tune/tune_run.h"
#include "tools/tune/tuned_file.h"

namespace flowtrain {
namespace {

struct TuneRequest {
  GraphRequest graph;
  DevicesRequest devices;
  std::string to;          // file; empty: configs/tuned/HOST.yaml
  double seconds = 0.5;    // per try
  int max_threads = 0;     // 0: twice the cores
  bool no_device = false;  // the loader alone
};

// `bound` is what was estimated before the search.
std::string BoundText(double best_rate, double bound) {
  if (best_rate > bound) {
    return "the bound is at least " + ShowRate(best_rate) + " images/s, which was reached (" +
           ShowRate(bound) + " was estimated)";
  }
  return "the bound is " + ShowRate(bound) + " images/s, " + ShowFixed(100 * best_rate / bound, 0) +
         "% of it is reached";
}

std::string ResultText(const Tuning& tuning, const TunePlan& plan, double bound, int ranks) {
  TextTable tried;
  tried.Add({"tried", "images/s", "against the best before"});
  for (const Comparison& one : tuning.tried) {
    tried.Add({one.change, ShowRate(one.images_per_s),
               ShowFixed(one.ratio, 3) + (one.kept ? "  kept" : "")});
  }
  std::string text = tuning.tried.empty() ? "" : tried.ToString("  ") + '\n';
  TextTable result;
  result.Add({"", "before", "after"});
  result.Add({"images/s", ShowRate(tuning.start_rate), ShowRate(tuning.best_rate)});
  result.Add(
      {"threads", std::to_string(tuning.start.threads), std::to_string(tuning.best.threads)});
  for (size_t i = 0; i < plan.names.size(); ++i) {
    if (!plan.tunable[i]) continue;
    result.Add({plan.names[i] + " workers", std::to_string(tuning.start.workers[i]),
                std::to_string(tuning.best.workers[i])});
  }
  result.Add({"sample slots", std::to_string(tuning.start.sample_slots),
              std::to_string(tuning.best.sample_slots)});
  result.Add({"batch buffers", std::to_string(tuning.start.batch_slots),
              std::to_string(tuning.best.batch_slots)});
  if (ranks > 1) text += "  of each of " + std::to_string(ranks) + " ranks, together:\n";
  text += result.ToString("  ") + "\n  gain " + ShowFixed(tuning.gain, 3) + "; " +
          BoundText(std::max(tuning.start_rate, tuning.best_rate), bound) + "; " + tuning.why +
          ".\n";
  return text;
}

TuneRun RunOf(const TuneRequest& request, const GraphDef& def) {
  TuneRun run{LimitsFor(def, ThisMachine().cores), request.seconds, !request.no_device};
  if (request.max_threads > 0) run.most.threads = request.max_threads;
  return run;
}

TunedGraph ToFile(const Tuned& tuned, std::map<std::string, std::string> holds_for) {
  const GraphSettings& best = tuned.tuning.best;
  TunedGraph file;
  file.holds_for = std::move(holds_for);
  file.threads = best.threads;
  file.sample_slots = best.sample_slots;
  file.batch_slots = best.batch_slots;
  file.before = tuned.tuning.start_rate;
  file.after = tuned.tuning.best_rate;
  for (size_t i = 0; i < tuned.plan.names.size(); ++i) {
    if (tuned.plan.tunable[i]) file.workers[tuned.plan.names[i]] = best.workers[i];
  }
  return file;
}

// Trains with what was found: of the same parameters, for which alone it holds.
// The ranks of other machines have no file of their own: they are named rank 0's.
std::string CommandToUse(const TuneRequest& request, const std::string& path, int ranks) {
  std::vector<std::string> words = {request.graph.graph};
  for (const std::string& file : request.graph.configs)
    words.insert(words.end(), {"--config", file});
  for (const std::string& set : request.graph.sets) words.insert(words.end(), {"--set", set});
  words.emplace_back("--tuned");
  if (!request.to.empty() || ranks > 1) words.push_back(path);
  if (request.devices.devices > 1) {
    words.insert(words.end(), {"--devices", std::to_string(request.devices.devices)});
  }
  return CommandLineOf(words);
}

// Runs the graph, tries settings on it while it runs, prints what was tried and what it is worth,
// and writes the best. A signal ends the search; the best so far is still written.
ExitCode TuneGraph(const TuneRequest& request, const Launch& launch, StopSignals& signals,
                   std::ostream& out) {
  const Registry& registry = Registry::Global();
  const Machine machine = ThisMachine();
  const std::string path = request.to.empty() ? PathToTune(machine) : request.to;
  TryTuned(path);
  const LoadedGraph loaded = LoadForRun(request.graph, &signals);
  RefuseLentBatches(loaded.def);
  const GraphDef def =
      request.no_device ? HostGraph(loaded.def, registry) : TrainGraph(loaded.def, registry);
  TuneRun run = RunOf(request, def);
  if (launch.ranks > 1) run.together = &loaded;
  const std::optional<Tuned> tuned = RunAndTune(def, registry, run, signals);
  if (!tuned) return ExitCode::kInterrupted;
  out << ResultText(tuned->tuning, tuned->plan, tuned->bound, launch.ranks) << std::flush;
  WriteTuned(
      path, loaded.def.name,
      ToFile(*tuned, TunedFor(loaded.def, registry, machine, DeviceNameOf(loaded.def, registry))));
  out << "  written to " << path << "; use it with:\n  "
      << CommandToUse(request, path, launch.ranks) << '\n';
  return tuned->tuning.finished ? ExitCode::kDone : ExitCode::kInterrupted;
}

// What the other ranks do while the first one searches.
ExitCode TuneOtherRank(const TuneRequest& request, StopSignals& signals) {
  const LoadedGraph loaded = LoadForRun(request.graph, &signals);
  const GraphDef def = TrainGraph(loaded.def, Registry::Global());
  TuneRun run = RunOf(request, def);
  run.together = &loaded;
  TuneAlong(def, Registry::Global(), run, signals);
  return ExitCode::kDone;
}

ExitCode TuneAsRank(const TuneRequest& request, StopSignals& signals) {
  if (request.devices.IsToStartRanks()) return StartRanks(request.devices.devices, signals);
  const Launch launch = ReadLaunch(ProcessEnvironment());
  LogAsRank(launch);
  if (request.no_device) RefuseOfSeveral("--no-device", launch);
  return launch.rank == 0 ? TuneGraph(request, launch, signals, std::cout)
                          : TuneOtherRank(request, signals);
}

}  // namespace

Command AddTune(CLI::App& app) {
  const auto request = std::make_shared<TuneRequest>();
  auto* tune = app.add_subcommand(
      "tune", "Find the worker counts, slots and batch buffers that are fastest on this machine");
  AddGraphOptions(*tune, request->graph);
  TakesPath(tune->add_option(
                "--to", request->to,
                "File to write; without it configs/tuned/HOST.yaml, beside the graphs that ship"))
      ->type_name("FILE");
  tune->add_option("--seconds", request->seconds, "Of one try")
      ->check(CLI::Range(0.05, 3600.0))
      ->capture_default_str();
  tune->add_option("--max-threads", request->max_threads,
                   "Worker threads at most; 0: twice the cores")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  tune->add_flag("--no-device", request->no_device, "The loader alone, without device and model");
  request->devices.AddTo(*tune);
  return {tune, [request](StopSignals& signals) { return TuneAsRank(*request, signals); }};
}

}  // namespace flowtrain
