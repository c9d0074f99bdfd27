#include "tools/tune/tuner.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tools/measure/spread.h"
#include "tools/timing/verdict.h"

namespace flowtrain {
namespace {

constexpr double kAtTheBound = 0.985;   // times X*: no change is worth looking for
constexpr double kPastTheBound = 1.05;  // times X*: it was estimated too low, and says nothing
constexpr double kDeviceBusy = 0.97;
constexpr double kLoaderKeepsUp = 1.15;  // times the device's rate
constexpr int kMostRounds = 12;
constexpr int kFinalPairs = 5;

double Median(std::vector<double> values) { return SpreadOf(std::move(values)).median; }

bool Has(const std::vector<GraphSettings>& all, const GraphSettings& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

class Search {
 public:
  Search(const TunePlan& plan, const RunLoad& load, const Try& try_settings,
         const std::function<void(const Comparison&)>& tell, Tuning& tuning)
      : plan_(plan), load_(load), try_(try_settings), tell_(tell), tuning_(tuning) {}

  // False if it was stopped.
  bool Run() {
    if (!Look(tuning_.best)) return false;
    const double bound = BoundOf(load_, plan_.most).images_per_s;
    if (DeviceIsTheLimit()) return End("the device is the limit, and the loader keeps up");
    if (!StartFromAllotment()) return false;
    for (int round = 0; round < kMostRounds; ++round) {
      if (rate_ >= kAtTheBound * bound && rate_ < kPastTheBound * bound) {
        return End("the bound is reached");
      }
      const std::optional<bool> better = Round();
      if (!better) return false;
      if (!*better) return End("no change by one is faster");
    }
    return End("it was changed often enough");
  }

  // Compares start and best by turns at the end: what the tuning is worth.
  bool Judge() {
    if (tuning_.best == tuning_.start) {
      tuning_.start_rate = tuning_.best_rate = rate_;
      return true;
    }
    const std::optional<Pairs> pairs = Compare(tuning_.best, tuning_.start, kFinalPairs);
    if (!pairs) return false;
    tuning_.gain = pairs->ratio;
    tuning_.best_rate = pairs->rate;
    tuning_.start_rate = pairs->other_rate;
    // The settings it began with stay unless something is better.
    if (tuning_.gain < 1) {
      tuning_.best = tuning_.start;
      tuning_.best_rate = tuning_.start_rate;
      tuning_.gain = 1;
    }
    return true;
  }

 private:
  struct Pairs {
    double ratio = 1, rate = 0, other_rate = 0, doubt = 0;
  };

  bool End(std::string why) {
    tuning_.why = std::move(why);
    return true;
  }

  // Tries the settings once; its figures become those of the present best.
  bool Look(const GraphSettings& settings) {
    const std::optional<Snapshot> part = try_(settings, plan_.seconds);
    if (!part) return false;
    part_ = *part;
    rate_ = part->images_per_s();
    return true;
  }

  bool DeviceIsTheLimit() const {
    return load_.lane_us > 0 && part_.lane_busy() >= kDeviceBusy &&
           LoaderRate(load_, tuning_.best) * load_.lane_us * 1e-6 > kLoaderKeepsUp;
  }

  // `a` and `b` by turns, in an order that cancels a drift.
  std::optional<Pairs> Compare(const GraphSettings& a, const GraphSettings& b, int count) {
    std::vector<double> ratios, rates, other_rates;
    for (int i = 0; i < count; ++i) {
      const bool a_first = i % 2 == 0;
      const auto first = try_(a_first ? a : b, plan_.seconds);
      if (!first) return std::nullopt;
      const auto second = try_(a_first ? b : a, plan_.seconds);
      if (!second) return std::nullopt;
      const double rate_a = (a_first ? first : second)->images_per_s();
      const double rate_b = (a_first ? second : first)->images_per_s();
      if (rate_b <= 0) continue;
      ratios.push_back(rate_a / rate_b);
      rates.push_back(rate_a);
      other_rates.push_back(rate_b);
    }
    if (ratios.empty()) return Pairs{};
    Pairs pairs{Median(ratios), Median(rates), Median(other_rates), 0};
    std::vector<double> off;
    off.reserve(ratios.size());
    for (const double ratio : ratios) off.push_back(std::abs(ratio - pairs.ratio));
    pairs.doubt = Median(off) / std::sqrt(static_cast<double>(ratios.size()));
    return pairs;
  }

  // Whether the settings are faster than the best; if so they become the best.
  std::optional<bool> Keep(const GraphSettings& settings) {
    const std::optional<Pairs> pairs = Compare(settings, tuning_.best, plan_.confirm_pairs);
    if (!pairs) return std::nullopt;
    const bool faster = pairs->ratio > 1 + std::max(plan_.least_gain, pairs->doubt);
    Tell(settings, *pairs, faster);
    if (!faster) return false;
    tuning_.best = settings;
    rate_ = pairs->rate;
    return true;
  }

  void Tell(const GraphSettings& settings, const Pairs& pairs, bool kept) {
    tuning_.tried.push_back({DescribeChange(tuning_.best, settings, plan_.names), settings,
                             pairs.rate, pairs.ratio, kept});
    tell_(tuning_.tried.back());
  }

  bool StartFromAllotment() {
    const GraphSettings allotment = Allowed(Allotment(load_, plan_.most));
    if (allotment == tuning_.best) return true;
    return Keep(allotment).has_value();
  }

  // Tries each neighbour once, then the promising ones properly. Returns whether one was kept.
  std::optional<bool> Round() {
    struct Promise {
      GraphSettings settings;
      double ratio;
    };
    std::vector<Promise> promising;
    std::vector<GraphSettings> neighbours = Neighbours();
    for (const GraphSettings& settings : neighbours) {
      const std::optional<Pairs> once = Compare(settings, tuning_.best, 1);
      if (!once) return std::nullopt;
      rejected_.push_back(settings);
      if (once->ratio > 1 + plan_.least_gain / 2) {
        promising.push_back({settings, once->ratio});
      } else {
        Tell(settings, *once, false);
      }
    }
    std::sort(promising.begin(), promising.end(),
              [](const Promise& a, const Promise& b) { return a.ratio > b.ratio; });
    bool any = false;
    for (const Promise& promise : promising) {
      const std::optional<bool> kept = Keep(promise.settings);
      if (!kept) return std::nullopt;
      if (!*kept) continue;
      any = true;
      break;  // the others were neighbours of the former best
    }
    if (any) rejected_.clear();
    return any;
  }

  // The settings that are allowed: the device lane keeps a core of its own if it uses one.
  GraphSettings Allowed(GraphSettings settings) const {
    settings.threads = std::clamp(settings.threads, 1, MostThreads());
    for (size_t i = 0; i < settings.workers.size(); ++i) {
      settings.workers[i] =
          plan_.tunable[i] ? std::clamp(settings.workers[i], 1, settings.threads) : 1;
    }
    settings.sample_slots = std::clamp(settings.sample_slots, 1, plan_.most.sample_slots);
    settings.batch_slots = std::clamp(settings.batch_slots, 1, plan_.most.batch_slots);
    return settings;
  }

  // Threads that wait need no core: the more of their time they wait, the more threads there may
  // be.
  int MostThreads() const {
    double us = 0, cpu_us = 0;
    for (const NodeLoad& node : load_.nodes) {
      if (!node.on_samples) continue;
      // In a run, calls also wait for a core if there are more threads than cores.
      us += node.OneWorkerUs();
      cpu_us += node.alone.empty() ? node.cpu_us : node.alone.front().cpu_us;
    }
    if (cpu_us <= 0) return plan_.most.threads;
    const double threads = std::ceil(plan_.cores * std::max(1.0, us / cpu_us) - 0.1);
    return std::clamp(static_cast<int>(std::min(threads, 1e6)), 1, plan_.most.threads);
  }

  std::vector<GraphSettings> Neighbours() const {
    std::vector<GraphSettings> neighbours;
    const GraphSettings& best = tuning_.best;
    const auto add = [&](GraphSettings settings) {
      settings = Allowed(std::move(settings));
      if (settings == best) return;
      if (Has(neighbours, settings) || Has(rejected_, settings)) return;
      neighbours.push_back(std::move(settings));
    };
    const auto with = [&](auto change) {
      GraphSettings settings = best;
      change(settings);
      add(std::move(settings));
    };
    add(VerdictOf(part_, load_, plan_.most).settings);
    for (const int by : {1, -1}) {
      // One more thread is of use only to a node that may take it, so both go together.
      with([&](GraphSettings& s) {
        s.threads += by;
        for (size_t i = 0; i < s.workers.size(); ++i) {
          if (by > 0 && best.workers[i] == best.threads) s.workers[i] += by;
        }
      });
      for (size_t i = 0; i < best.workers.size(); ++i) {
        if (plan_.tunable[i]) with([&](GraphSettings& s) { s.workers[i] += by; });
      }
    }
    with([](GraphSettings& s) { s.sample_slots *= 2; });
    with([](GraphSettings& s) { s.sample_slots = std::max(s.threads, s.sample_slots / 2); });
    with([](GraphSettings& s) { s.batch_slots += 1; });
    with([](GraphSettings& s) { s.batch_slots -= 1; });
    return neighbours;
  }

  const TunePlan& plan_;
  const RunLoad& load_;
  const Try& try_;
  const std::function<void(const Comparison&)>& tell_;
  Tuning& tuning_;
  Snapshot part_;                        // of the first look
  double rate_ = 0;                      // of the best
  std::vector<GraphSettings> rejected_;  // neighbours of the best that were tried
};

}  // namespace

Tuning Tune(const TunePlan& plan, const GraphSettings& start, const RunLoad& load,
            const Try& try_settings, const std::function<void(const Comparison&)>& tell) {
  Tuning tuning;
  tuning.start = tuning.best = start;
  Search search(plan, load, try_settings, tell, tuning);
  tuning.finished = search.Run() && search.Judge();
  if (!tuning.finished && tuning.why.empty()) tuning.why = "it was stopped";
  return tuning;
}

}  // namespace flowtrain
