#include "tools/tune/auto_tune.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>

#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "tools/load/load.h"
#include "tools/load/machine.h"
#include "tools/tune/live_try.h"
#include "tools/tune/tune_plan.h"

namespace flowtrain {
namespace {

constexpr double kTrySeconds = 1;
constexpr double kLeastGain = 0.03;  // a training is not disturbed for less
constexpr uint64_t kWarmUpSteps = 3;
constexpr double kLookEverySeconds = 60, kLookSeconds = 3;
constexpr double kMuchSlower = 0.8;  // times the rate when it had settled
constexpr int kLooksInARow = 2;

}  // namespace

AutoTune::AutoTune(Graph& graph, const Registry& registry) : graph_(graph), registry_(registry) {
  thread_ = std::thread([this] { Loop(); });
}

AutoTune::~AutoTune() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void AutoTune::Loop() {
  if (!AwaitWarm()) return;
  while (TuneOnce() && WatchUntilSlower()) {
    LogInfo("auto workers: the run has become slower; looking for better settings again");
  }
}

bool AutoTune::Pause(double seconds) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return stop_; });
}

bool AutoTune::AwaitWarm() {
  for (;;) {
    if (!Pause(0.1)) return false;
    if (!graph_.running()) continue;
    const std::vector<NodeCounters> nodes = graph_.counters();
    if (nodes.back().messages >= kWarmUpSteps) return true;
  }
}

bool AutoTune::TuneOnce() {
  const int rows = FindComponent<CollateNode>(graph_)->Layout().rows;
  const LiveTry live_try(graph_, rows,
                         [this](double seconds) { return Pause(seconds) && graph_.running(); });
  const double cores = ThisMachine().cores;
  const GraphSettings start = graph_.settings();
  const std::optional<Snapshot> part = live_try(start, 2 * kTrySeconds);
  if (!part) return false;
  const Capacity& most = graph_.capacity();
  TunePlan plan = PlanFor(graph_.def(), registry_, most, *part, cores);
  plan.seconds = kTrySeconds;
  plan.least_gain = kLeastGain;
  const Tuning tuning = Tune(plan, start, LoadOf(*part, cores), live_try, [](const Comparison&) {});
  graph_.Apply(tuning.best);
  settled_rate_ = tuning.best_rate > 0 ? tuning.best_rate : part->images_per_s();
  if (!tuning.finished) return false;
  LogInfo("auto workers: " + DescribeChange(start, tuning.best, plan.names) +
          (tuning.best == start ? " is to be changed: " : ": ") + ShowRate(settled_rate_) +
          " images/s, " + tuning.why);
  return true;
}

bool AutoTune::WatchUntilSlower() {
  int slower = 0;
  while (slower < kLooksInARow) {
    if (!Pause(kLookEverySeconds)) return false;
    const Snapshot begin = graph_.snapshot();
    if (!Pause(kLookSeconds) || !graph_.running()) return false;
    const double rate = graph_.snapshot().Since(begin).images_per_s();
    slower = rate < kMuchSlower * settled_rate_ ? slower + 1 : 0;
  }
  return true;
}

}  // namespace flowtrain
