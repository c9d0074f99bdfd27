#include "tools/tune/tune_command.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "nodes/report/units.h"
#include "pipeline/describe.h"
#include "pipeline/log.h"
#include "pipeline/registry.h"
#include "pipeline/text_table.h"
#include "tools/bench_graph.h"
#include "tools/timing/live_run.h"
#include "tools/timing/machine.h"
#include "tools/timing/measure_alone.h"
#include "tools/timing/setting_limits.h"
#include "tools/tune/device_name.h"
#include "tools/tune/live_try.h"
#include "tools/tune/tune_plan.h"
#include "tools/tune/tuned_file.h"
#include "tools/tune/tuner.h"

namespace flowtrain {
namespace {

constexpr double kAloneSeconds = 0.2;  // a point

std::string ResultText(const Tuning& tuning, const TunePlan& plan, double bound) {
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
  text += result.ToString("  ") + "\n  gain " + ShowFixed(tuning.gain, 3) + "; the bound is " +
          ShowRate(bound) + " images/s, " + ShowFixed(100 * tuning.best_rate / bound, 0) +
          "% of it is reached; " + tuning.why + ".\n";
  return text;
}

// Runs the graph and tunes it. Nothing: it was stopped before there was anything to judge by.
struct Tuned {
  Tuning tuning;
  TunePlan plan;
  double bound = 0;
};
std::optional<Tuned> RunAndTune(const GraphDef& def, const TuneRequest& request,
                                StopSignals& signals) {
  const Registry& registry = Registry::Global();
  const double cores = ThisMachine().cores;
  SettingLimits most = LimitsFor(def, cores);
  if (request.max_threads > 0) most.threads = request.max_threads;
  GraphDef roomy = def;
  roomy.capacity = {most.threads, most.sample_slots, most.batch_slots};

  std::optional<RunLoad> load;
  GraphSettings start;
  const int before = signals.count();
  std::optional<LiveRun> run(std::in_place, roomy, registry, &signals);
  const int rows = FindComponent<CollateNode>(run->graph())->Layout().rows;
  const LiveTry live_try(run->graph(), rows, [&](double s) { return run->Pause(s); });
  LogInfo("running " + def.name + " as it is set");
  const auto warm = [&] {
    const auto nodes = run->graph().counters();
    return !nodes.empty() && nodes.back().messages >= 2;
  };
  start = run->graph().settings();
  if (!run->Await(warm)) {
    run->Stop();
    return std::nullopt;
  }
  const std::optional<Snapshot> first = live_try(start, 2 * request.seconds);
  if (!first) {
    run->Stop();
    return std::nullopt;
  }
  load = LoadOf(*first, cores);
  // Alone means alone: the run stands still meanwhile.
  run.reset();
  const AloneRequest alone{most, true, kAloneSeconds, !request.no_device};
  const auto say = [](const std::string& what) { LogInfo("measuring " + what); };
  if (!MeasureAlone(def, registry, alone, signals, say, *load)) return std::nullopt;

  Tuned tuned;
  tuned.plan = PlanFor(def, registry, most, *first, cores);
  tuned.plan.seconds = request.seconds;
  tuned.bound = BoundOf(*load, most).images_per_s;
  LogInfo("the bound is " + ShowRate(tuned.bound) + " images/s; " +
          ShowRate(first->images_per_s()) + " now");
  run.emplace(roomy, registry, &signals);
  if (!run->Await(warm)) {
    run->Stop();
    return std::nullopt;
  }
  tuned.tuning = Tune(tuned.plan, start, *load, live_try, [](const Comparison& one) {
    LogInfo("  " + one.change + ": " + ShowRate(one.images_per_s) + " images/s, " +
            ShowFixed(one.ratio, 3) + (one.kept ? " of the best before: kept" : " of the best"));
  });
  if (signals.count() == before) run->Stop();  // throws what ended it, if something did
  return tuned;
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

}  // namespace

ExitCode TuneGraph(const TuneRequest& request, StopSignals& signals, std::ostream& out) {
  const Registry& registry = Registry::Global();
  const Machine machine = ThisMachine();
  const GraphDef loaded = LoadForRun(request.graph, &signals).def;
  const GraphDef def =
      request.no_device ? HostGraph(loaded, registry) : TrainGraph(loaded, registry);
  const std::optional<Tuned> tuned = RunAndTune(def, request, signals);
  if (!tuned) return ExitCode::kInterrupted;
  const std::string path = request.to.empty() ? TunedPath(machine) : request.to;
  WriteTuned(path, loaded.name,
             ToFile(*tuned, TunedFor(loaded, registry, machine, DeviceNameOf(loaded, registry))));
  out << ResultText(tuned->tuning, tuned->plan, tuned->bound) << "  written to " << path
      << "; use it with: flowtrain " << request.graph.graph << " --tuned\n";
  return tuned->tuning.finished ? ExitCode::kDone : ExitCode::kInterrupted;
}

}  // namespace flowtrain
