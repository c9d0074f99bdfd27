#include "tools/timing/run_load.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace flowtrain {
namespace {

using Kind = Limit::Kind;

constexpr double kUnlimited = std::numeric_limits<double>::infinity();
constexpr double kNearBest = 0.98;    // a share of the best rate that measuring cannot tell from it
constexpr double kHeadroom = 1.1;     // an allotment over the bound, so that no node just suffices
constexpr double kBusyThreads = 0.7;  // share of the threads' time
constexpr int kSlotsAThread = 4;      // images in flight, so that no worker waits for one
constexpr int kFewestSampleSlots = 16;
constexpr int kBatches = 3;  // one filled, one waiting, one on the device

double PerSecond(double us) { return us > 0 ? 1e6 / us : kUnlimited; }

bool IsWorker(const NodeLoad& node) { return node.on_samples; }

// Workers' time per image, without their effect on each other.
double WorkerUs(const RunLoad& load) {
  double us = 0;
  for (const NodeLoad& node : load.nodes) {
    if (!IsWorker(node)) continue;
    us += node.OneWorkerUs();
  }
  return us;
}

// CPU time per image, of all threads, when the cores are busy.
double CpuUs(const RunLoad& load) {
  double us = load.lane_cpu_us + load.engine_us;
  for (const NodeLoad& node : load.nodes) {
    if (!IsWorker(node)) continue;
    double cpu_us = node.cpu_us;
    for (const AloneRate& rate : node.alone) {
      if (rate.workers <= std::max(1, static_cast<int>(load.cores))) cpu_us = rate.cpu_us;
    }
    us += cpu_us;
  }
  return us;
}

// By which share the CPU time is uncertain: each node's spread, by what it takes.
double CpuSpread(const RunLoad& load) {
  double off = 0, sum = 0;
  for (const NodeLoad& node : load.nodes) {
    if (!IsWorker(node)) continue;
    off += node.cpu_us * node.Spread(static_cast<int>(load.cores));
    sum += node.cpu_us;
  }
  return sum > 0 ? off / sum : 0;
}

Limit Cores(const RunLoad& load) {
  return {Kind::kCores, 0, "the CPU cores", load.cores * PerSecond(CpuUs(load)), CpuSpread(load)};
}

Limit Lane(const RunLoad& load) {
  return {Kind::kLane, 0, "the device lane", PerSecond(load.lane_us), load.lane_spread};
}

Limit Threads(const RunLoad& load, int threads) {
  return {Kind::kThreads, 0, "the worker threads", threads * PerSecond(WorkerUs(load))};
}

Limit OfNode(const RunLoad& load, size_t node, int workers) {
  const NodeLoad& one = load.nodes[node];
  return {Kind::kNode, node, one.name, one.Rate(workers), one.Spread(workers)};
}

// An image holds its slot from its admission until it is in its row.
Limit SampleSlots(const RunLoad& load, int slots) {
  return {Kind::kSampleSlots, 0, "the sample slots", slots * PerSecond(WorkerUs(load))};
}

// A batch holds its buffer while the loader fills it and while the lane works on it.
Limit BatchSlots(int slots, double loader, double lane) {
  const double seconds = (std::isinf(loader) ? 0 : 1 / loader) + (std::isinf(lane) ? 0 : 1 / lane);
  return {Kind::kBatchSlots, 0, "the batch buffers", seconds > 0 ? slots / seconds : kUnlimited};
}

double Lowest(const std::vector<Limit>& limits) {
  double lowest = kUnlimited;
  for (const Limit& limit : limits) lowest = std::min(lowest, limit.images_per_s);
  return lowest;
}

void Sort(std::vector<Limit>& limits) {
  // Of equal limits the first one named: cores before limits that more cores would lift.
  std::stable_sort(limits.begin(), limits.end(),
                   [](const Limit& a, const Limit& b) { return a.images_per_s < b.images_per_s; });
}

}  // namespace

double NodeLoad::OneWorkerUs() const {
  return alone.empty() ? us : 1e6 / alone.front().images_per_s;
}

double NodeLoad::Rate(int workers) const {
  if (serial) workers = 1;
  if (alone.empty()) return workers * PerSecond(us);
  if (workers <= alone.front().workers) {
    return alone.front().images_per_s * workers / alone.front().workers;
  }
  for (size_t i = 1; i < alone.size(); ++i) {
    const AloneRate &low = alone[i - 1], &high = alone[i];
    if (workers > high.workers) continue;
    const double share = static_cast<double>(workers - low.workers) /
                         static_cast<double>(high.workers - low.workers);
    return low.images_per_s + share * (high.images_per_s - low.images_per_s);
  }
  return alone.back().images_per_s;
}

double NodeLoad::Spread(int workers) const {
  for (const AloneRate& rate : alone) {
    if (rate.workers >= workers) return rate.spread;
  }
  return alone.empty() ? 0 : alone.back().spread;
}

int NodeLoad::WorkersFor(double images_per_s, int most) const {
  double best = 0;
  for (int n = 1; n <= most; ++n) best = std::max(best, Rate(n));
  const double wanted = std::min(images_per_s, best * kNearBest);
  int n = 1;
  while (n < most && Rate(n) < wanted) ++n;
  return n;
}

bool RunLoad::MeasuredAlone() const {
  return std::any_of(nodes.begin(), nodes.end(),
                     [](const NodeLoad& node) { return !node.alone.empty(); });
}

namespace {

// What the workers' threads did between the calls, per image. Only if calls took most of their
// time: otherwise they were looking for work, which costs an image nothing.
double EngineUs(const Snapshot& part) {
  double service_ns = 0, calls_ns = 0;
  for (const NodeCounters& node : part.nodes) {
    if (node.stream != Stream::kSample) continue;
    service_ns += static_cast<double>(node.service_ns);
    calls_ns += static_cast<double>(node.service_ns) * node.cpu_share();
  }
  const double threads_ns = static_cast<double>(part.at_ns) * part.settings.threads;
  if (service_ns < kBusyThreads * threads_ns || part.images() == 0) return 0;
  const double between_ns = std::max(0.0, static_cast<double>(part.worker_cpu_ns) - calls_ns);
  return between_ns * 1e-3 / static_cast<double>(part.images());
}

}  // namespace

RunLoad LoadOf(const Snapshot& part, double cores) {
  RunLoad load;
  load.cores = cores;
  const double images = static_cast<double>(part.images());
  for (const NodeCounters& counted : part.nodes) {
    NodeLoad node;
    node.name = counted.name;
    node.on_lane = counted.on_lane;
    node.serial = counted.serial;
    node.on_samples = counted.stream == Stream::kSample;
    if (images > 0) node.us = static_cast<double>(counted.service_ns) * 1e-3 / images;
    node.cpu_us = node.us * counted.cpu_share();
    if (node.on_lane) load.lane_us += node.us;
    load.nodes.push_back(std::move(node));
  }
  if (images > 0) {
    const double others_ns =
        static_cast<double>(part.process_cpu_ns) - static_cast<double>(part.worker_cpu_ns);
    load.lane_cpu_us = std::max(0.0, others_ns) * 1e-3 / images;
  }
  load.engine_us = EngineUs(part);
  return load;
}

std::vector<Limit> LimitsOf(const RunLoad& load, const GraphSettings& settings) {
  std::vector<Limit> limits = {Cores(load), Lane(load)};
  std::vector<Limit> loader = {Threads(load, settings.threads),
                               SampleSlots(load, settings.sample_slots)};
  for (size_t i = 0; i < load.nodes.size(); ++i) {
    if (IsWorker(load.nodes[i])) loader.push_back(OfNode(load, i, settings.workers[i]));
  }
  const double loader_rate = std::min(Lowest(loader), limits.front().images_per_s);
  limits.insert(limits.end(), loader.begin(), loader.end());
  limits.push_back(BatchSlots(settings.batch_slots, loader_rate, limits[1].images_per_s));
  Sort(limits);
  return limits;
}

double LoaderRate(const RunLoad& load, const GraphSettings& settings) {
  for (const Limit& limit : LimitsOf(load, settings)) {
    if (limit.kind != Kind::kLane && limit.kind != Kind::kBatchSlots) return limit.images_per_s;
  }
  return 0;
}

Bound BoundOf(const RunLoad& load, const Capacity& most) {
  Bound bound;
  bound.limits = {Cores(load), Lane(load), Threads(load, most.threads)};
  for (size_t i = 0; i < load.nodes.size(); ++i) {
    if (!IsWorker(load.nodes[i])) continue;
    Limit best = OfNode(load, i, 1);
    for (int n = 2; n <= most.threads; ++n) {
      if (load.nodes[i].Rate(n) > best.images_per_s) best = OfNode(load, i, n);
    }
    bound.limits.push_back(best);
  }
  std::erase_if(bound.limits, [](const Limit& limit) { return std::isinf(limit.images_per_s); });
  Sort(bound.limits);
  if (bound.limits.empty()) return bound;
  bound.images_per_s = bound.limits.front().images_per_s;
  bound.uncertainty = bound.limits.front().spread;
  return bound;
}

Bound Raised(Bound bound, double measured) {
  if (bound.limits.empty() || measured <= bound.images_per_s) return bound;
  bound.estimate = bound.images_per_s;
  bound.images_per_s = measured;
  bound.uncertainty = std::max(bound.uncertainty, measured / bound.estimate - 1);
  for (Limit& limit : bound.limits) {
    limit.images_per_s = std::max(limit.images_per_s, measured);
  }
  return bound;
}

GraphSettings Allotment(const RunLoad& load, const Capacity& most) {
  const double rate = BoundOf(load, most).images_per_s;
  GraphSettings settings;
  const double at_a_time = rate * WorkerUs(load) * 1e-6;
  settings.threads = std::clamp(static_cast<int>(std::ceil(at_a_time - 0.1)), 1, most.threads);
  for (const NodeLoad& node : load.nodes) {
    const bool sized = IsWorker(node) && !node.serial;
    settings.workers.push_back(sized ? node.WorkersFor(kHeadroom * rate, settings.threads) : 1);
  }
  settings.sample_slots =
      std::clamp(kSlotsAThread * settings.threads, std::min(kFewestSampleSlots, most.sample_slots),
                 most.sample_slots);
  settings.batch_slots = std::min(kBatches, most.batch_slots);
  return settings;
}

}  // namespace flowtrain
