#include "tools/timing/verdict.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <vector>

#include "tools/timing/lift_limits.h"

namespace flowtrain {
namespace {

using Kind = Limit::Kind;

constexpr double kWorthwhile = 1.06;  // a change that gives less is not proposed
constexpr double kOffCpu = 0.5;       // a call with a smaller CPU share mostly waits
constexpr double kIdle = 0.7;         // a device that works less waits for the next kernel
constexpr double kNoticeable = 0.1;   // of the cores that others take, of the periods of a quota

std::string Show(const char* format, double value) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}
std::string Percent(double share) { return Show("%.0f%%", 100 * share); }
std::string Times(double ratio) { return Show(ratio < 9.95 ? "%.1fx" : "%.0fx", ratio); }
std::string Capitalised(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}
std::string Count(int n, const char* what) {
  return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

// Which node takes most of a resource, and how much of it.
struct Largest {
  std::string name;
  double share = 0;
};
template <typename Cost>
Largest LargestOf(const RunLoad& load, double other, Cost cost) {
  Largest largest;
  double all = other;
  for (const NodeLoad& node : load.nodes) all += cost(node);
  for (const NodeLoad& node : load.nodes) {
    const double share = all > 0 ? cost(node) / all : 0;
    if (share > largest.share) largest = {node.name, share};
  }
  return largest;
}

class Judge {
 public:
  Judge(const Snapshot& part, const RunLoad& load, const Capacity& most)
      : part_(part), load_(load), most_(most) {}

  Verdict Decide() {
    Verdict verdict;
    verdict.settings = part_.settings;
    if (part_.images() == 0) {
      verdict.sentence = "Nothing came through in this time; there is nothing to judge by.";
      return verdict;
    }
    verdict.limit = verdict.next = HoldingLimit(load_, part_.settings);
    if (part_.waited() >= kNoticeable) {
      verdict.node = part_.nodes.front().name;
      verdict.limit = verdict.next = {Kind::kOthers, 0, part_.outside.what, part_.images_per_s()};
      verdict.sentence = WaitSentence();
    } else if (OthersAreTheLimit(verdict.limit)) {
      verdict.limit = verdict.next = {Kind::kOthers, 0, "other programs", part_.images_per_s()};
      verdict.sentence = OthersSentence();
    } else {
      verdict.node = NodeOf(verdict.limit);
      verdict.sentence = Symptom(verdict.limit, verdict.node);
      Improve(verdict);
      if (OthersAreNoticeable()) {
        const Takers others = OthersTake();
        verdict.sentence += " Meanwhile " + others.who + " take " + others.take + '.';
      }
    }
    verdict.sentence += QuotaNote();
    return verdict;
  }

 private:
  // Cores that this process did not get.
  double OthersCores() const { return part_.cpu.others() + part_.cpu.stolen(); }
  bool OthersAreNoticeable() const { return OthersCores() >= kNoticeable * load_.cores; }

  // Only where no core was left for this run. `limit` is what would hold it back by itself: it does
  // if the run came up to it, unless it is a figure of the run, which others have slowed down. The
  // device lane's figure tells of the device.
  bool OthersAreTheLimit(const Limit& limit) const {
    if (!OthersAreNoticeable() || !part_.cpu.full()) return false;
    const bool tells = load_.MeasuredAlone() || limit.kind == Kind::kLane;
    return !tells || part_.images_per_s() < limit.images_per_s * (1 - kAlike);
  }

  std::string OfCores(double cores) const {
    return Show("%.2f", cores) + " of the " + Show("%.3g", load_.cores) + " cores (" +
           Percent(cores / load_.cores) + ')';
  }

  // "other programs", …, and what they take: the greater of the two first, the other where it
  // matters.
  struct Takers {
    std::string who, take;
  };
  Takers OthersTake() const {
    constexpr double kMinor = 0.1;
    const double others = part_.cpu.others(), stolen = part_.cpu.stolen();
    const std::string programs = "other programs", machines = "other virtual machines";
    if (others >= stolen) {
      const bool both = stolen > kMinor * others;
      return {programs, OfCores(others) + (both ? ", " + machines + ' ' + OfCores(stolen) : "")};
    }
    const bool both = others > kMinor * stolen;
    return {machines, OfCores(stolen) + (both ? ", " + programs + ' ' + OfCores(others) : "")};
  }

  std::string OthersSentence() const {
    const double bound = Raised(BoundOf(load_, most_), part_.images_per_s()).images_per_s;
    const Takers others = OthersTake();
    std::string text = Capitalised(others.who) + " are the limit: they take " + others.take +
                       ", and this run gets " + Show("%.2f", part_.cores_in_use());
    const bool disturbed = load_.alone_others >= kNoticeable * load_.cores;
    if (!load_.MeasuredAlone() || disturbed) return text + ". Stop them and measure again.";
    return text + ". Without them up to " + Times(bound / part_.images_per_s()) +
           " should be possible.";
  }

  // What no setting of the workers changes.
  std::string WaitSentence() const {
    const std::string& what = part_.outside.what;
    const double rate = static_cast<double>(part_.outside.bytes) / part_.seconds() * 1e-6;
    return Capitalised(what) + " are the limit: " + part_.nodes.front().name + " waits for " +
           what + ' ' + Percent(part_.waited()) + " of the time, and " + Show("%.1f", rate) +
           " MB/s come. Raise data.download_connections, or bring the data nearer.";
  }

  std::string QuotaNote() const {
    if (part_.cpu.throttled() < kNoticeable) return {};
    return " The CPU quota of its cgroup ran out in " + Percent(part_.cpu.throttled()) +
           " of the periods, and the run was stopped until the next.";
  }

  // The node that `limit` is about, or that takes most of it.
  std::string NodeOf(const Limit& limit) const {
    switch (limit.kind) {
      case Kind::kCores:
        return MostOfCpu().name;
      case Kind::kLane:
        return MostOfLane().name;
      case Kind::kThreads:
        return MostOfThreads().name;
      case Kind::kNode:
        return limit.name;
      default:
        return {};
    }
  }
  // The threads beside the workers do the lane's work: its nodes share their CPU time.
  Largest MostOfCpu() const {
    double lane_us = 0;
    for (const NodeLoad& node : load_.nodes) lane_us += node.on_lane ? node.us : 0;
    const double of_lane = lane_us > 0 ? load_.lane_cpu_us / lane_us : 0;
    return LargestOf(load_, lane_us > 0 ? 0 : load_.lane_cpu_us, [&](const NodeLoad& n) {
      if (n.on_lane) return of_lane * n.us;
      return n.on_samples ? n.cpu_us : 0;
    });
  }
  Largest MostOfLane() const {
    return LargestOf(load_, 0, [](const NodeLoad& n) { return n.on_lane ? n.us : 0; });
  }
  Largest MostOfThreads() const {
    return LargestOf(load_, 0, [](const NodeLoad& n) { return n.on_samples ? n.us : 0; });
  }

  std::string Symptom(const Limit& limit, const std::string& node) const {
    switch (limit.kind) {
      case Kind::kCores:
        return "The CPU is the limit: " + Cores() + "; " + node + " takes " +
               Percent(MostOfCpu().share) + " of the CPU time";
      case Kind::kLane:
        if (LaunchBound()) {
          return "The run is launch-bound: the device's lane is busy " +
                 Percent(part_.lane_busy()) + " of the time, " + Percent(MostOfLane().share) +
                 " of that in " + node + ", but the device itself only " +
                 Percent(*load_.device_busy) + ", because its kernels are done before the next " +
                 "ones are launched";
        }
        return "The device is the limit: its lane is busy " + Percent(part_.lane_busy()) +
               " of the time, " + Percent(MostOfLane().share) + " of that in " + node;
      case Kind::kNode:
        return node + " is saturated " + Percent(part_.nodes[limit.node].saturated()) +
               " of the time";
      case Kind::kThreads:
        return "The worker threads are the limit: all " + std::to_string(part_.settings.threads) +
               " are taken, " + Percent(MostOfThreads().share) + " of their time by " + node +
               "; " + Cores();
      case Kind::kSampleSlots:
        return "The sample slots are the limit: all " +
               std::to_string(part_.settings.sample_slots) + " are in use " + Percent(Empty(0)) +
               " of the time";
      case Kind::kBatchSlots:
        return "The batch buffers are the limit: all " +
               std::to_string(part_.settings.batch_slots) + " are in use " + Percent(Empty(1)) +
               " of the time";
      case Kind::kOthers:
        break;
    }
    return {};
  }

  // The lane has the device's work to do, but the device does not have enough of it.
  bool LaunchBound() const { return load_.device_busy.value_or(1) < kIdle; }

  std::string Cores() const {
    return Show("%.1f", part_.cores_in_use()) + " of " + Show("%.3g", load_.cores) +
           " cores are busy";
  }

  double Empty(size_t pool) const {
    return static_cast<double>(part_.pools[pool].empty_ns) / static_cast<double>(part_.at_ns);
  }

  // Says what settings give that lift the limits.
  void Improve(Verdict& verdict) const {
    // Estimated limits below what the run has reached are too low.
    const double now =
        std::max(LimitsOf(load_, verdict.settings).front().images_per_s, part_.images_per_s());
    verdict.next = LiftLimits(verdict.limit, load_, most_, verdict.settings);
    const double then = LimitsOf(load_, verdict.settings).front().images_per_s;
    if (then < now * kWorthwhile) {
      verdict.settings = part_.settings;
      verdict.next = verdict.limit;
      verdict.sentence += Advice(verdict.limit) + '.';
      return;
    }
    verdict.predicted = part_.images_per_s() * then / now;
    std::vector<std::string> names;
    for (const NodeLoad& node : load_.nodes) names.push_back(node.name);
    verdict.sentence += ": " + DescribeChange(part_.settings, verdict.settings, names) +
                        " should give " + Times(then / now) + Doubt(verdict.limit) +
                        "; after that " + NameOf(verdict.next) + " the limit.";
  }

  // What to do if no setting helps.
  std::string Advice(const Limit& limit) const {
    switch (limit.kind) {
      case Kind::kCores:
        return ", and no setting gives more: it takes more cores, or less to do (data.cache)";
      case Kind::kLane:
        if (LaunchBound()) {
          return ". More work in each kernel helps: larger batches (data.batch_size) in fewer "
                 "accumulation steps (gpu.gradient_accumulation); the loader could do " +
                 LoaderCould() + " as much";
        }
        return ", and the loader keeps up: it could do " + LoaderCould() + " as much";
      case Kind::kNode:
        return NodeAdvice(limit.node);
      default:
        return ", and no more are allowed here";
    }
  }

  std::string NodeAdvice(size_t index) const {
    const NodeLoad& node = load_.nodes[index];
    if (node.serial) return " and takes one packet at a time: only a faster one gives more";
    const int now = part_.settings.workers[index];
    const int best = node.WorkersFor(1e300, most_.threads);
    std::string text = ", and more of its workers are no faster";
    if (best < now) text += " (" + Count(best, "worker") + " would do as much)";
    if (node.us > 0 && node.cpu_us / node.us < kOffCpu) {
      text += ": its calls are off the CPU " + Percent(1 - node.cpu_us / node.us) +
              " of their time, so they wait for each other or for the disk";
    }
    return text;
  }

  std::string LoaderCould() const {
    return Times(std::max(1.0, LoaderRate(load_, part_.settings) * load_.lane_us * 1e-6));
  }

  // Without a sweep it is unknown whether calls that wait do so for each other.
  std::string Doubt(const Limit& limit) const {
    if (limit.kind != Kind::kNode || load_.MeasuredAlone()) return {};
    const NodeLoad& node = load_.nodes[limit.node];
    if (node.us <= 0 || node.cpu_us / node.us >= kOffCpu) return {};
    return " at most (its calls are off the CPU " + Percent(1 - node.cpu_us / node.us) +
           " of their time; if they wait for each other, more workers do not help)";
  }

  static std::string NameOf(const Limit& limit) {
    switch (limit.kind) {
      case Kind::kCores:
        return "the CPU cores are";
      case Kind::kThreads:
        return "the worker threads are";
      case Kind::kSampleSlots:
        return "the sample slots are";
      case Kind::kBatchSlots:
        return "the batch buffers are";
      case Kind::kLane:
        return "the device is";
      case Kind::kNode:
        return limit.name + " is";
      case Kind::kOthers:
        break;
    }
    return {};
  }

  const Snapshot& part_;
  const RunLoad& load_;
  const Capacity& most_;
};

}  // namespace

Verdict VerdictOf(const Snapshot& part, const RunLoad& load, const Capacity& most) {
  return Judge(part, load, most).Decide();
}

}  // namespace flowtrain
