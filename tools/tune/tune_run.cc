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
#include "tools/tune/rank_settings.h"
#include "tools/tune/tune_plan.h"

namespace flowtrain {
namespace {

constexpr double kAloneSeconds = 0.15;   // per point
constexpr uint64_t kWarmUp = 2;          // packets that reached the end
constexpr double kFollowSeconds = 0.05;  // from one look at what rank 0 wants to the next

std::string LimitsText(const Capacity& most) {
  return "settings to try: " + std::to_string(most.threads) + " threads at most, " +
         std::to_string(most.sample_slots) + " sample slots, " + std::to_string(most.batch_slots) +
         " batch buffers";
}

// A warmed-up run of the graph, on which settings are tried.
class Trial {
 public:
  Trial(const GraphDef& def, const Registry& registry, const TuneRun& how, StopSignals& signals)
      : run_(def, registry, &signals, nullptr, how.together),
        try_(
            run_.graph(), FindComponent<CollateNode>(run_.graph())->Layout().rows,
            [this](double seconds) { return run_.Pause(seconds); },
            [this](const GraphSettings& settings) { return Apply(settings); }) {
    run_.ExpectSame(LimitsText(how.most));
    if (how.together != nullptr) all_.emplace(run_.graph());
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
  bool Apply(const GraphSettings& settings) {
    if (all_) return all_->Apply(settings, [this](double seconds) { return run_.Pause(seconds); });
    run_.graph().Apply(settings);
    return true;
  }

  mutable LiveRun run_;
  std::optional<RankSettings> all_;  // of several ranks
  const LiveTry try_;
  bool warm_ = false;
};

void Tell(const Comparison& one) {
  LogInfo("  " + one.change + ": " + ShowRate(one.images_per_s) + " images/s, " +
          ShowFixed(one.ratio, 3) + (one.kept ? " of the best before: kept" : " of the best"));
}

Tuned Begin(const GraphDef& def, const Registry& registry, const TuneRun& how,
            const Snapshot& first, const RunLoad& load, double cores) {
  Tuned tuned{
      {}, PlanFor(def, registry, how.most, first, cores), BoundOf(load, how.most).images_per_s};
  tuned.plan.seconds = how.seconds;
  LogInfo("the bound is " + ShowRate(tuned.bound) + " images/s; " + ShowRate(first.images_per_s()) +
          " now" +
          (first.images_per_s() > tuned.bound ? ", so the bound is estimated too low" : ""));
  return tuned;
}

// On one run, whose ranks need not find each other again: nothing is measured alone.
std::optional<Tuned> TuneTogether(const GraphDef& def, const GraphDef& roomy,
                                  const Registry& registry, const TuneRun& how,
                                  StopSignals& signals) {
  const double cores = ThisMachine().cores;
  Trial trial(roomy, registry, how, signals);
  const GraphSettings start = trial.settings();
  std::optional<Snapshot> first;
  if (trial.warm()) first = trial(start, 2 * how.seconds);
  std::optional<Tuned> tuned;
  if (first) {
    const RunLoad load = LoadOf(*first, cores);
    tuned = Begin(def, registry, how, *first, load, cores);
    tuned->tuning = Tune(tuned->plan, start, load, std::ref(trial), Tell);
  }
  trial.Stop();
  return tuned;
}

}  // namespace

std::optional<Tuned> RunAndTune(const GraphDef& def, const Registry& registry, const TuneRun& how,
                                StopSignals& signals) {
  const double cores = ThisMachine().cores;
  GraphDef roomy = def;
  roomy.capacity = how.most;

  LogInfo("running " + def.name + " as it is set");
  if (how.together != nullptr) return TuneTogether(def, roomy, registry, how, signals);
  std::optional<Snapshot> first;
  GraphSettings start;
  {
    Trial trial(roomy, registry, how, signals);
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

  Tuned tuned = Begin(def, registry, how, *first, load, cores);
  Trial trial(roomy, registry, how, signals);
  if (!trial.warm()) return std::nullopt;
  tuned.tuning = Tune(tuned.plan, start, load, std::ref(trial), Tell);
  trial.Stop();
  return tuned;
}

void TuneAlong(const GraphDef& def, const Registry& registry, const TuneRun& how,
               StopSignals& signals) {
  GraphDef roomy = def;
  roomy.capacity = how.most;
  LiveRun run(roomy, registry, &signals, nullptr, how.together);
  run.ExpectSame(LimitsText(how.most));
  RankSettings settings(run.graph());
  while (run.Pause(kFollowSeconds)) settings.Follow();
  run.TrainAlong();
}

}  // namespace flowtrain
