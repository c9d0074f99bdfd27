// `flowtrain compare GRAPH`: what is each of the guide's settings worth on this machine?

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "nodes/device/device.h"
#include "nodes/measure/step_meter.h"
#include "pipeline/base/cpu_limits.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/text_table.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/load/load.h"
#include "tools/measure/guide_settings.h"
#include "tools/measure/partial_graph.h"
#include "tools/measure/peak_memory.h"
#include "tools/measure/spread.h"
#include "tools/process/signals.h"

namespace flowtrain {
namespace {

struct CompareRequest {
  GraphRequest graph;
  int64_t steps = 10;  // per run
  int repeats = 5;     // of each variant, by turns
  bool markdown = false;
};

// A variant, its graph, and what its runs did.
struct Contestant {
  const Setting* setting;
  const Variant* variant;
  GraphDef def;
  std::vector<double> images_per_s;
  size_t peak_bytes = 0;
  bool on_gpu = false;
};

// False when a signal ended it before its time.
bool RunOnce(Contestant& contestant, StopSignals& signals) {
  ResetPeakMemory();
  RunControl run;
  Graph graph(contestant.def, Registry::Global(), run);
  graph.Open();
  {
    const StopSignals::Watch watch(signals, run, "stopping");
    graph.Run();
  }
  if (run.draining()) return false;
  const StepTotals& totals = FindComponent<StepMeter>(graph)->totals();
  if (!totals.images_per_s()) throw DataError("no step was timed; give --steps a larger number");
  contestant.images_per_s.push_back(*totals.images_per_s());
  const auto* device = FindComponent<Device>(graph);
  contestant.on_gpu = device != nullptr && device->is_accelerator();
  contestant.peak_bytes =
      std::max(contestant.peak_bytes, contestant.on_gpu ? device->PeakBytes() : PeakMemoryBytes());
  return true;
}

// Opens the graph to read what its machine can do.
Abilities AbilitiesOf(const GraphDef& def) {
  RunControl run;
  Graph graph(LoaderGraph(def, Registry::Global(), 1, 0), Registry::Global(), run);
  graph.Open();
  const auto* device = FindComponent<Device>(graph);
  Abilities abilities;
  abilities.cores = ReadCpuLimits().usable;
  if (device == nullptr) return abilities;
  abilities.gpu = device->is_accelerator();
  abilities.half_precision = device->precision() != Precision::kFp32;
  return abilities;
}

GraphDef LoadVariant(const GraphRequest& request, const std::vector<std::string>& sets,
                     StopSignals& signals) {
  GraphRequest varied = request;
  varied.sets.insert(varied.sets.end(), sets.begin(), sets.end());
  return LoadForRun(varied, &signals).def;
}

std::vector<Contestant> Enter(const CompareRequest& request, const std::vector<Setting>& settings,
                              StopSignals& signals) {
  const int64_t skip = std::max<int64_t>(1, request.steps / kTimedShare);
  std::vector<Contestant> contestants;
  SetLogLevel(LogLevel::kError);  // loading has given its warnings once
  for (const Setting& setting : settings) {
    for (const Variant& variant : setting.variants) {
      if (!variant.why_not.empty()) continue;
      const GraphDef def = LoadVariant(request.graph, variant.sets, signals);
      contestants.push_back(
          {&setting,
           &variant,
           LoaderGraph(def, Registry::Global(), request.steps, skip, "CacheMaintenance"),
           {},
           0,
           false});
    }
  }
  SetLogLevel(LogLevel::kInfo);
  return contestants;
}

using Rows = std::vector<std::vector<std::string>>;

Rows TableOf(const std::vector<Setting>& settings, const std::vector<Contestant>& contestants) {
  Rows rows = {{"setting", "", "images/s", "ratio", "peak memory", "the guide says"}};
  for (const Setting& setting : settings) {
    std::optional<double> first;
    bool named = false;
    for (const Variant& variant : setting.variants) {
      const std::string name = named ? "" : setting.name, claim = named ? "" : setting.claim;
      named = true;
      const auto found = std::find_if(contestants.begin(), contestants.end(),
                                      [&](const Contestant& c) { return c.variant == &variant; });
      if (found == contestants.end()) {
        rows.push_back({name, variant.label, "not tried: " + variant.why_not, "", "", claim});
        continue;
      }
      const double rate = SpreadOf(found->images_per_s).median;
      if (!first) first = rate;
      rows.push_back({name, variant.label, ShowRate(rate), ShowFixed(rate / *first, 2),
                      ShowGib(found->peak_bytes) + (found->on_gpu ? " (GPU)" : " (process)"),
                      claim});
    }
  }
  return rows;
}

std::string Markdown(const Rows& rows) {
  std::string text;
  for (size_t i = 0; i < rows.size(); ++i) {
    for (const std::string& cell : rows[i]) text += "| " + cell + ' ';
    text += "|\n";
    if (i > 0) continue;
    for (size_t c = 0; c < rows[i].size(); ++c) text += "|---";
    text += "|\n";
  }
  return text;
}

std::string Plain(const Rows& rows) {
  TextTable table;
  for (const auto& row : rows) table.Add(row);
  return table.ToString("  ");
}

// Trains with each variant of each setting by turns and prints images/s, peak memory and what the
// guide says. Names what the machine cannot try, with the reason.
ExitCode CompareSettings(const CompareRequest& request, StopSignals& signals, std::ostream& out) {
  const LoadedGraph loaded = LoadForRun(request.graph, &signals);
  const std::vector<Setting> settings = GuideSettings(loaded.config, AbilitiesOf(loaded.def));
  std::vector<Contestant> contestants = Enter(request, settings, signals);
  const size_t runs = contestants.size() * static_cast<size_t>(request.repeats);
  size_t done = 0;
  for (int repeat = 0; repeat < request.repeats; ++repeat) {
    for (Contestant& contestant : contestants) {
      if (!RunOnce(contestant, signals)) return ExitCode::kInterrupted;
      LogInfo("run " + std::to_string(++done) + " of " + std::to_string(runs) + ": " +
              contestant.setting->name + ' ' + contestant.variant->label + ", " +
              ShowRate(contestant.images_per_s.back()) + " images/s");
    }
  }
  out << "median of " << request.repeats << " runs of " << request.steps
      << " steps each, by turns; the first fifth of each is not timed\n\n";
  const Rows rows = TableOf(settings, contestants);
  out << (request.markdown ? Markdown(rows) : Plain(rows));
  return ExitCode::kDone;
}

}  // namespace

Command AddCompare(CLI::App& app) {
  const auto request = std::make_shared<CompareRequest>();
  auto* compare = app.add_subcommand(
      "compare",
      "Measure what mixed precision, accumulation and the other settings are worth here");
  AddGraphOptions(*compare, request->graph);
  compare->add_option("--steps", request->steps, "Optimiser steps a run")
      ->check(CLI::Range(2, 1000000))
      ->capture_default_str();
  compare->add_option("--repeats", request->repeats, "Runs of each setting, by turns")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  compare->add_flag("--md", request->markdown, "Print the table as Markdown");
  return {compare, [request](StopSignals& signals) {
            return CompareSettings(*request, signals, std::cout);
          }};
}

}  // namespace flowtrain
