#include "tools/tune/tune_run.h"

#include <string>
#include <utility>

#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "tools/load/load.h"
#include "tools/load/machine.h"
#include "tools/measure/live_run.h"
#include "tools/timing/measure_alone.h"
#include "tools/tune/live_try.h"
#include "tools/tune/tune_plan.h"

namespace flowtrain {
namespace {

constexpr double kAloneSeconds = 0.15;  // per point
constexpr uint64_t kWarmUp = 2;         // packets that reached the end

// A warmed-up run of the graph, on which settings are tried.
class Trial {
 public:
  Trial(const GraphDef& def, const Registry& registry, StopSignals& signals)
      : run_(def, registry, &signals),
        try_(run_.graph(), FindComponent<CollateNode>(run_.graph())->Layout().rows,
             [this](double seconds) { return run_.Pause(seconds); }) {
    warm_ = run_.Await([this] {
      const std::vector<NodeCounters> nodes = run_.graph().counters();
      return !nodes.empty() && nodes.back().messages >= kWarmUp;
    });
  }

  // False if the run ended first.
  bool warm() const { return warm_; }
  GraphSettings settings() const { return run_.graph().settings(); }
  std::optional<Snapshot> operator()(const GraphSettings& settings, double seconds) {
    return try_(settings, seconds);
  }
  // Throws the error that the run ended with, if it failed.
  void Stop() { run_.Stop(); }

 private:
  mutable LiveRun run_;
  const LiveTry try_;
  bool warm_ = false;
};

void Tell(const Comparison& one) {
  LogInfo("  " + one.change + ": " + ShowRate(one.images_per_s) + " images/s, " +
          ShowFixed(one.ratio, 3) + (one.kept ? " of the best before: kept" : " of the best"));
}

}  // namespace

std::optional<Tuned> RunAndTune(const GraphDef& def, const Registry& registry, const TuneRun& how,
                                StopSignals& signals) {
  const double cores = ThisMachine().cores;
  GraphDef roomy = def;
  roomy.capacity = how.most;

  LogInfo("running " + def.name + " as it is set");
  std::optional<Snapshot> first;
  GraphSettings start;
  {
    Trial trial(roomy, registry, signals);
    start = trial.settings();
    if (trial.warm()) first = trial(start, 2 * how.seconds);
    trial.Stop();
  }
  if (!first) return std::nullopt;
  // Alone means alone: no run is under way now.
  RunLoad load = LoadOf(*first, cores);
  const AloneRequest alone{how.most, true, kAloneSeconds, how.device};
  const auto say = [](const std::string& what) { LogInfo("measuring " + what); };
  if (!MeasureAlone(def, registry, alone, signals, say, load)) return std::nullopt;

  Tuned tuned{
      {}, PlanFor(def, registry, how.most, *first, cores), BoundOf(load, how.most).images_per_s};
  tuned.plan.seconds = how.seconds;
  LogInfo("the bound is " + ShowRate(tuned.bound) + " images/s; " +
          ShowRate(first->images_per_s()) + " now" +
          (first->images_per_s() > tuned.bound ? ", so the bound is estimated too low" : ""));
  Trial trial(roomy, registry, signals);
  if (!trial.warm()) return std::nullopt;
  tuned.tuning = Tune(tuned.plan, start, load, std::ref(trial), Tell);
  trial.Stop();
  return tuned;
}

}  // namespace flowtrain
