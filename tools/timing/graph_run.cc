#include "tools/timing/graph_run.h"

#include <nlohmann/json.hpp>

#include "nodes/device/device.h"
#include "nodes/distributed/rank_group.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"
#include "pipeline/runtime/graph.h"
#include "pipeline/runtime/trace_ring.h"
#include "tools/load/load.h"
#include "tools/load/machine.h"
#include "tools/measure/live_run.h"
#include "tools/timing/rank_timing.h"
#include "tools/timing/setting_limits.h"
#include "tools/timing/timing_json.h"

namespace flowtrain {
namespace {

constexpr double kMeasuredSliceSeconds = 0.1, kTracedSliceSeconds = 0.005;
constexpr double kProgressEverySeconds = 5, kAwaitSeconds = 0.02;
constexpr uint64_t kProfiledSteps = 3;

// Measures a run that is under way, while it lives.
class Measuring {
 public:
  Measuring(LiveRun& run, const RunToMeasure& how)
      : run_(run),
        how_(how),
        device_(FindComponent<Device>(run.graph())),
        ranks_(FindComponent<RankGroup>(run.graph())),
        recorder_(run.graph(), how.warm_up,
                  how.trace == nullptr ? kMeasuredSliceSeconds : kTracedSliceSeconds,
                  [this] { return device_ == nullptr ? GpuStatus{} : device_->Status(); }) {}

  // Until there is enough, or the run has ended.
  void Await() {
    double said_s = 0;
    // Seldom: reading all figures must not disturb what is measured.
    while (run_.Pause(kAwaitSeconds)) {
      const std::optional<Snapshot> part = recorder_.Measured();
      if (!part) continue;
      if (!waited_before_s_) waited_before_s_ = WaitedSeconds();
      const uint64_t steps = recorder_.measured_steps();
      if (steps >= how_.steps || part->seconds() >= how_.seconds) break;
      if (part->seconds() - said_s < kProgressEverySeconds) continue;
      said_s = part->seconds();
      LogInfo("  step " + std::to_string(steps) + " of " + std::to_string(how_.steps) + ", " +
              ShowRate(part->images_per_s()) + " images/s");
    }
  }

  // Nothing where the warm-up was not over.
  std::optional<MeasuredRun> Result() const {
    const std::optional<Snapshot> part = recorder_.Measured();
    if (!part || part->images() == 0) return std::nullopt;
    MeasuredRun measured;
    measured.part = *part;
    if (device_ != nullptr) measured.device = device_->Name();
    measured.steps = recorder_.measured_steps();
    measured.slices = recorder_.slices();
    measured.gpu = recorder_.MeasuredGpu();
    measured.rows = static_cast<uint64_t>(FindComponent<CollateNode>(run_.graph())->Layout().rows);
    measured.waited_s = WaitedSeconds() - waited_before_s_.value_or(0);
    return measured;
  }

 private:
  double WaitedSeconds() const { return ranks_ == nullptr ? 0 : ranks_->waited_s(); }

  LiveRun& run_;
  const RunToMeasure& how_;
  const Device* device_;                   // null: there is none
  const RankGroup* ranks_;                 // likewise
  std::optional<double> waited_before_s_;  // the part
  Recorder recorder_;                      // last: it uses the members above
};

// A GPU's columns and its part of the trace are made of its own events.
bool WantsOps(const RunToMeasure& how, LiveRun& run) {
  const auto* device = FindComponent<Device>(run.graph());
  return device != nullptr && (how.ops || device->is_accelerator());
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

// What the others have told before they left the run.
std::vector<std::string> ToldByOthers(const RankGroup& ranks) {
  std::vector<std::string> texts = ranks.Published();
  texts.erase(texts.begin());  // this one's
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].empty()) LogWarning("rank " + std::to_string(i + 1) + " has told no timing");
  }
  std::erase(texts, "");
  return texts;
}

}  // namespace

std::optional<MeasuredRun> MeasureRun(const GraphDef& def, const RunToMeasure& how,
                                      StopSignals& signals) {
  const int before = signals.count();
  LiveRun run(def, Registry::Global(), &signals, how.trace, how.together);
  auto* ranks = FindComponent<RankGroup>(run.graph());
  if (ranks != nullptr && how.trace != nullptr) ranks->log().Begin();
  std::optional<MeasuredRun> measured;
  {
    Measuring measuring(run, how);
    measuring.Await();
    measured = measuring.Result();
  }
  if (measured && WantsOps(how, run)) measured->ops = ProfileOps(run);
  run.Stop();
  if (signals.count() > before) return std::nullopt;
  if (!measured) {
    throw DataError(
        "the run ended before anything could be measured; lower --warmup, or give it "
        "more images");
  }
  if (ranks == nullptr) return measured;
  measured->collectives = ranks->log().Spans();
  if (ranks->several()) measured->others = ToldByOthers(*ranks);
  return measured;
}

void MeasureAlong(const GraphDef& def, const RunToMeasure& how, StopSignals& signals) {
  const Registry& registry = Registry::Global();
  LiveRun run(def, registry, &signals, nullptr, how.together);
  const auto* ranks = FindComponent<RankGroup>(run.graph());
  std::optional<MeasuredRun> measured;
  {
    Measuring measuring(run, how);
    measuring.Await();
    measured = measuring.Result();
  }
  if (measured) {
    const double cores = ThisMachine().cores;
    const nlohmann::json timing = TimingJson(
        {def, registry, measured->device, measured->part, measured->steps, measured->slices,
         LoadOf(measured->part, cores), LimitsFor(def, cores), false, measured->gpu});
    ranks->Publish(
        RankTiming(ranks->rank(), timing, measured->waited_s, measured->part.seconds()).dump());
  }
  run.TrainAlong();
}

}  // namespace flowtrain
