#include "tools/timing/timing_json.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "pipeline/base/error.h"
#include "pipeline/graph/describe.h"
#include "tools/load/machine.h"
#include "tools/timing/verdict.h"

namespace flowtrain {
namespace {

using nlohmann::json;

constexpr char kFormat[] = "flowtrain timing";

const char* PlaceName(const NodeSpec& spec) {
  switch (internal::RunsOnOf(spec)) {
    case internal::RunsOn::kWorkers:
      return "workers";
    case internal::RunsOn::kLane:
      return "lane";
    case internal::RunsOn::kOneAtATime:
      return "one at a time";
  }
  return "?";
}

double Us(double ns) { return ns * 1e-3; }

json Quantiles(const Histogram& histogram, uint64_t sum_ns) {
  const double count = static_cast<double>(std::max<uint64_t>(1, histogram.count()));
  return {{"mean", Us(static_cast<double>(sum_ns) / count)},
          {"p50", Us(histogram.QuantileNs(0.5))},
          {"p90", Us(histogram.QuantileNs(0.9))},
          {"p99", Us(histogram.QuantileNs(0.99))}};
}

json Buckets(const Histogram& histogram) {
  json buckets = json::array();
  for (size_t i = 0; i < Histogram::kBuckets; ++i) {
    if (histogram.bucket(i) > 0) buckets.push_back({Us(Histogram::Low(i)), histogram.bucket(i)});
  }
  return buckets;
}

json NodeJson(const Timing& timing, size_t index) {
  const NodeCounters& node = timing.part.nodes[index];
  const NodeDef& def = timing.def.nodes[index];
  const double images = static_cast<double>(timing.part.images());
  const double messages = static_cast<double>(node.messages);
  return {{"name", node.name},
          {"type", def.type},
          {"place", PlaceName(timing.registry.Find(def.type)->spec)},
          {"workers", node.limit},
          {"messages", node.messages},
          {"bad", node.bad},
          {"messages_per_s", messages / timing.part.seconds()},
          {"images_per_message", node.messages == 0 ? 0 : images / messages},
          {"service_us", Quantiles(node.service, node.service_ns)},
          {"wait_us", Quantiles(node.wait, node.wait_ns)},
          {"busy", std::min(1.0, node.busy())},
          {"saturated", node.saturated()},
          {"starved", node.starved()},
          {"cpu_share", node.cpu_share()},
          {"us_per_image", timing.load.nodes[index].us},
          {"service_histogram", Buckets(node.service)},
          {"wait_histogram", Buckets(node.wait)}};
}

json PoolJson(const PoolCounters& pool, double elapsed_ns) {
  return {{"name", pool.name},
          {"slots", pool.slots},
          {"in_use_mean", static_cast<double>(pool.used_ns) / elapsed_ns},
          {"empty", static_cast<double>(pool.empty_ns) / elapsed_ns}};
}

json SliceJson(const Slice& slice) {
  return {{"at_s", slice.at_s},
          {"images_per_s", slice.images_per_s},
          {"queued", slice.queued},
          {"in_use", slice.in_use}};
}

json OrNull(double figure) { return figure > 0 ? json(figure) : json(nullptr); }

json BoundJson(const Timing& timing, std::optional<double> uncertainty) {
  Bound bound = Raised(BoundOf(timing.load, timing.most), timing.part.images_per_s());
  // What was not measured alone was counted in the run, and varies as it did.
  const bool alone = timing.load.MeasuredAlone();
  if (!alone) bound.uncertainty = std::max(bound.uncertainty, uncertainty.value_or(0));
  json limits = json::array();
  for (const Limit& limit : bound.limits) {
    limits.push_back({{"name", limit.name}, {"images_per_s", limit.images_per_s}});
  }
  return {{"images_per_s", bound.images_per_s},
          {"resource", bound.limits.empty() ? "" : bound.limits.front().name},
          {"share", bound.images_per_s > 0 ? timing.part.images_per_s() / bound.images_per_s : 0},
          {"uncertainty", OrNull(bound.uncertainty)},
          {"estimate_images_per_s", OrNull(bound.estimate)},
          {"measured_alone", alone},
          {"others", timing.load.alone_others},
          {"resources", limits}};
}

// Which node the verdict is about.
json LimitJson(const Verdict& verdict) {
  return {{"resource", verdict.limit.name},
          {"node", verdict.node.empty() ? json(nullptr) : json(verdict.node)},
          {"lane", verdict.limit.kind == Limit::Kind::kLane}};
}

template <typename T>
json ValueOrNull(const std::optional<T>& figure) {
  return figure ? json(*figure) : json(nullptr);
}

json GpuJson(const GpuStatus& gpu) {
  if (gpu.empty()) return nullptr;
  return {{"utilization", ValueOrNull(gpu.utilization)},
          {"used_bytes", ValueOrNull(gpu.used_bytes)},
          {"temperature_c", ValueOrNull(gpu.temperature_c)},
          {"power_w", ValueOrNull(gpu.power_w)}};
}

json CpuJson(const Snapshot& part, double cores) {
  json cpu = {{"usable", cores},
              {"used", part.cores_in_use()},
              {"others", nullptr},
              {"stolen", nullptr},
              {"throttled", part.cpu.throttled()}};
  if (!part.cpu.known()) return cpu;
  cpu["others"] = part.cpu.others();
  cpu["stolen"] = part.cpu.stolen();
  return cpu;
}

// What the source waits for outside the machine.
json OutsideJson(const Snapshot& part) {
  if (part.outside.what.empty()) return nullptr;
  return {{"what", part.outside.what},
          {"waited", part.waited()},
          {"bytes_per_s", static_cast<double>(part.outside.bytes) / part.seconds()}};
}

json SweepJson(const RunLoad& load) {
  json sweep = json::array();
  for (const NodeLoad& node : load.nodes) {
    if (node.alone.empty()) continue;
    json workers = json::array(), rates = json::array();
    for (const AloneRate& rate : node.alone) {
      workers.push_back(rate.workers);
      rates.push_back(rate.images_per_s);
    }
    sweep.push_back({{"node", node.name}, {"workers", workers}, {"images_per_s", rates}});
  }
  return sweep;
}

// In timings of older versions a bound may be below the measured rate.
void RaiseBound(json& timing) {
  json& bound = timing.at("bound");
  const auto rate = timing.value("images_per_s", 0.0), estimate = bound.value("images_per_s", 0.0);
  if (estimate <= 0 || rate <= estimate) return;
  bound["images_per_s"] = rate;
  bound["estimate_images_per_s"] = estimate;
  bound["uncertainty"] = rate / estimate - 1;
  bound["share"] = 1.0;
  for (json& limit : bound.at("resources")) {
    if (limit.value("images_per_s", 0.0) < rate) limit["images_per_s"] = rate;
  }
}

}  // namespace

json TimingJson(const Timing& timing) {
  const Snapshot& part = timing.part;
  const auto elapsed_ns = static_cast<double>(part.at_ns);
  const Machine machine = ThisMachine();
  const Verdict verdict = VerdictOf(part, timing.load, timing.most);
  const std::optional<double> uncertainty = UncertaintyOf(timing.slices);
  json result = {{"format", kFormat},
                 {"version", kTimingVersion},
                 {"graph", timing.def.name},
                 {"file", timing.def.file},
                 {"machine",
                  {{"host", machine.host},
                   {"cpu", machine.cpu},
                   {"cores", machine.cores},
                   {"device", timing.device}}},
                 {"seconds", part.seconds()},
                 {"steps", timing.steps},
                 {"images", part.images()},
                 {"images_per_s", part.images_per_s()},
                 {"settings",
                  {{"threads", part.settings.threads},
                   {"sample_slots", part.settings.sample_slots},
                   {"batch_slots", part.settings.batch_slots}}},
                 {"device",
                  {{"name", timing.device},
                   {"busy", part.lane_busy()},
                   {"idle", 1 - part.lane_busy()},
                   {"copy", nullptr},
                   {"compute", nullptr},
                   {"gpu", GpuJson(timing.gpu)}}},
                 {"uncertainty", uncertainty ? json(*uncertainty) : json(nullptr)},
                 {"cpu", CpuJson(part, timing.load.cores)},
                 {"outside", OutsideJson(part)},
                 {"bound", BoundJson(timing, uncertainty)},
                 {"limit", LimitJson(verdict)},
                 {"verdict", verdict.sentence}};
  result["predicted_images_per_s"] =
      verdict.predicted > 0 ? json(verdict.predicted) : json(nullptr);
  json nodes = json::array(), pools = json::array(), timeline = json::array();
  for (size_t i = 0; i < part.nodes.size(); ++i) nodes.push_back(NodeJson(timing, i));
  for (const PoolCounters& pool : part.pools) pools.push_back(PoolJson(pool, elapsed_ns));
  for (const Slice& slice : timing.slices) timeline.push_back(SliceJson(slice));
  result["nodes"] = nodes;
  result["pools"] = pools;
  result["timeline"] = timeline;
  if (timing.sweep) result["sweep"] = SweepJson(timing.load);
  return result;
}

json ReadTiming(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    throw ConfigError("there is no " + path +
                      ": a run writes it that goes on for a second after its first five steps; "
                      "name its folder, or a graph to measure");
  }
  json timing = json::parse(file, nullptr, false);
  if (!timing.is_object() || !timing.contains("format") || timing["format"] != kFormat ||
      !timing.contains("version") || !timing["version"].is_number_integer()) {
    throw ConfigError(path + " is not a timing of flowtrain, or it is damaged");
  }
  if (timing["version"] > kTimingVersion) {
    throw ConfigError(path + " was written by a newer flowtrain; update this one");
  }
  try {
    RaiseBound(timing);
  } catch (const json::exception&) {
    throw ConfigError(path + " lacks a part; it is damaged");
  }
  return timing;
}

}  // namespace flowtrain
