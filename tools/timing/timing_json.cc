#include "tools/timing/timing_json.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

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

json BoundJson(const Timing& timing) {
  const Bound bound = BoundOf(timing.load, timing.most);
  json limits = json::array();
  for (const Limit& limit : bound.limits) {
    limits.push_back({{"name", limit.name}, {"images_per_s", limit.images_per_s}});
  }
  return {{"images_per_s", bound.images_per_s},
          {"resource", bound.limits.empty() ? "" : bound.limits.front().name},
          {"share", bound.images_per_s > 0 ? timing.part.images_per_s() / bound.images_per_s : 0},
          {"measured_alone", timing.load.MeasuredAlone()},
          {"resources", limits}};
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

}  // namespace

json TimingJson(const Timing& timing) {
  const Snapshot& part = timing.part;
  const auto elapsed_ns = static_cast<double>(part.at_ns);
  const Machine machine = ThisMachine();
  const Verdict verdict = VerdictOf(part, timing.load, timing.most);
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
                   {"compute", nullptr}}},
                 {"cpu", {{"usable", machine.cores}, {"used", part.cores_in_use()}}},
                 {"bound", BoundJson(timing)},
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
    throw ConfigError(
        "there is no " + path +
        ": a run of more than five steps writes it; name its folder, or a graph to measure");
  }
  json timing = json::parse(file, nullptr, false);
  if (!timing.is_object() || !timing.contains("format") || timing["format"] != kFormat ||
      !timing.contains("version") || !timing["version"].is_number_integer()) {
    throw ConfigError(path + " is no timing of flowtrain, or it is damaged");
  }
  if (timing["version"] > kTimingVersion) {
    throw ConfigError(path + " was written by a newer flowtrain; update this one");
  }
  return timing;
}

}  // namespace flowtrain
