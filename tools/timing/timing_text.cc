#include "tools/timing/timing_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "pipeline/base/error.h"
#include "pipeline/base/text/text_table.h"
#include "pipeline/base/text/units.h"
#include "tools/timing/rank_timing.h"

namespace flowtrain {
namespace {

using nlohmann::json;

constexpr size_t kOpsShown = 20;
constexpr double kLeastShare = 0.02;  // of the cores that others use: less is not worth a word
constexpr double kDisturbing = 0.1;   // a share of the cores that is worth a warning
constexpr double kFarAbove = 20;      // times the bound: limits above this are of no interest

std::string Percent(const json& share) { return ShowFixed(100 * share.get<double>(), 0) + '%'; }

std::string Rate(const json& per_second) { return ShowRate(per_second.get<double>()); }

// Formats microseconds: 0.43 us, 61 us, 1.2 ms, 3.4 s.
std::string Time(const json& microseconds) {
  const double us = microseconds.get<double>();
  if (us < 9.95) return ShowFixed(us, us < 0.995 ? 2 : 1) + " us";
  if (us < 999.5) return ShowFixed(us, 0) + " us";
  if (us < 9.995e5) return ShowFixed(us * 1e-3, us < 9950 ? 1 : 0) + " ms";
  return ShowFixed(us * 1e-6, 1) + " s";
}

std::string Times(const json& times) {
  return Time(times.at("p50")) + " / " + Time(times.at("p90")) + " / " + Time(times.at("p99"));
}

std::string Workers(const json& node) {
  const std::string place = node.at("place");
  if (place == "workers") return std::to_string(node.at("workers").get<int>());
  return place == "lane" ? "lane" : "serial";
}

std::string NodesText(const json& timing) {
  TextTable table;
  table.Add({"node", "workers", "messages/s", "service p50 / p90 / p99",
             "queue wait p50 / p90 / p99", "busy", "saturated", "starved", ""});
  const json limiting = timing.value("limit", json::object()).value("node", json());
  for (const json& node : timing.at("nodes")) {
    table.Add({node.at("name"), Workers(node), Rate(node.at("messages_per_s")),
               Times(node.at("service_us")), Times(node.at("wait_us")), Percent(node.at("busy")),
               Percent(node.at("saturated")), Percent(node.at("starved")),
               node.at("name") == limiting ? "< limit" : ""});
  }
  return table.ToString("  ");
}

std::string PoolsText(const json& timing) {
  TextTable table;
  table.Add({"pool", "size", "in use", "none free"});
  for (const json& pool : timing.at("pools")) {
    if (pool.at("slots") == 0) continue;
    table.Add({pool.at("name"), std::to_string(pool.at("slots").get<int>()),
               ShowFixed(pool.at("in_use_mean"), 1), Percent(pool.at("empty"))});
  }
  return table.ToString("  ");
}

// A figure that may be null, or missing in timings of older versions.
double FigureOr0(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? 0 : found->get<double>();
}

std::string OthersText(const json& cpu) {
  const double usable = cpu.at("usable");
  std::string text;
  const auto add = [&](const char* who, const char* key) {
    const double cores = FigureOr0(cpu, key);
    if (cores < kLeastShare * usable) return;
    text += "; " + std::string(who) + ' ' + ShowFixed(cores, 2) + " cores (" +
            ShowFixed(100 * cores / usable, 0) + "%)";
  };
  add("other programs use", "others");
  add("the hypervisor takes", "stolen");
  const double throttled = FigureOr0(cpu, "throttled");
  if (throttled >= kLeastShare) {
    text += "; the CPU quota ran out in " + ShowFixed(100 * throttled, 0) + "% of its periods";
  }
  return text;
}

// "; the GPU at 97%, 9.3 GiB used, 71 C, 165 W"
std::string GpuText(const json& device) {
  const json gpu = device.value("gpu", json());
  if (gpu.is_null()) return {};
  std::string text;
  const auto add = [&](const char* key, const auto& show) {
    const json figure = gpu.value(key, json());
    if (!figure.is_null())
      text += (text.empty() ? "; the GPU at " : ", ") + show(figure.get<double>());
  };
  add("utilization", [](double share) { return ShowFixed(100 * share, 0) + '%'; });
  add("used_bytes", [](double bytes) { return ShowGib(static_cast<size_t>(bytes)) + " used"; });
  add("temperature_c", [](double celsius) { return ShowFixed(celsius, 0) + " C"; });
  add("power_w", [](double watts) { return ShowFixed(watts, 0) + " W"; });
  return text;
}

std::string DeviceText(const json& timing) {
  const json &device = timing.at("device"), &cpu = timing.at("cpu");
  TextTable table;
  if (!device.at("name").get<std::string>().empty()) {
    std::string shares =
        "busy " + Percent(device.at("busy")) + ", idle " + Percent(device.at("idle"));
    if (!device.at("compute").is_null()) {
      shares += "; by its own events: compute " + Percent(device.at("compute")) + ", copy " +
                Percent(device.at("copy"));
    }
    table.Add({"device", device.at("name").get<std::string>() + ": " + shares + GpuText(device)});
  }
  if (const json outside = timing.value("outside", json()); !outside.is_null()) {
    table.Add({outside.at("what"),
               "the source waits for them " + Percent(outside.at("waited")) + " of the time; " +
                   ShowFixed(outside.at("bytes_per_s").get<double>() * 1e-6, 1) + " MB/s come"});
  }
  table.Add({"CPU",
             ShowFixed(cpu.at("used"), 2) + " of " + ShowFixed(cpu.at("usable"), 1) +
                 " cores in use, " +
                 std::to_string(timing.at("settings").at("threads").get<int>()) +
                 (timing.at("settings").at("threads") == 1 ? " worker thread" : " worker threads") +
                 OthersText(cpu)});
  return table.ToString("  ");
}

std::string PlusMinus(const json& object) {
  const double share = FigureOr0(object, "uncertainty");
  return share > 0 ? " +/- " + ShowFixed(100 * share, share < 0.0995 ? 1 : 0) + '%' : "";
}

std::string RaisedText(const json& bound) {
  const double estimate = FigureOr0(bound, "estimate_images_per_s");
  if (estimate <= 0) return "";
  return "  (raised from the estimate of " + ShowRate(estimate) +
         " images/s, which the run itself passed: X* is at least this)\n";
}

// What was measured beside other programs is too low.
std::string DisturbedText(const json& bound, double cores) {
  const double others = FigureOr0(bound, "others");
  if (others < kDisturbing * cores) return "";
  return "  (others used " + ShowFixed(others, 2) +
         " cores while each was measured alone: the bounds may be too low)\n";
}

std::string BoundText(const json& timing) {
  const json& bound = timing.at("bound");
  TextTable table;
  table.Add({"X   measured", Rate(timing.at("images_per_s")) + " images/s" + PlusMinus(timing)});
  table.Add({"X*  bound", Rate(bound.at("images_per_s")) + " images/s" + PlusMinus(bound) +
                              ", set by " + bound.at("resource").get<std::string>()});
  table.Add({"X/X*", Percent(bound.at("share"))});
  std::string text = table.ToString("  ");
  std::string others;
  const double far = kFarAbove * bound.at("images_per_s").get<double>();
  for (const json& limit : bound.at("resources")) {
    if (limit.at("images_per_s").get<double>() > far) continue;
    others += (others.empty() ? "" : ", ") + limit.at("name").get<std::string>() + ' ' +
              Rate(limit.at("images_per_s"));
  }
  return text + RaisedText(bound) +
         DisturbedText(bound, timing.at("cpu").at("usable").get<double>()) +
         "  bounds of each, images/s: " + others + '\n' +
         (bound.value("measured_alone", false) ? ""
                                               : "  (from the run itself, where nodes disturb each "
                                                 "other: timing of a graph measures "
                                                 "each alone)\n");
}

std::string SweepText(const json& timing) {
  if (!timing.contains("sweep")) return "";
  TextTable table;
  const json& sweep = timing.at("sweep");
  std::vector<std::string> head = {"alone, images/s"};
  if (!sweep.empty()) {
    for (const json& workers : sweep.at(0).at("workers")) {
      head.push_back(std::to_string(workers.get<int>()) + (workers == 1 ? " worker" : " workers"));
    }
  }
  table.Add(head);
  for (const json& node : sweep) {
    std::vector<std::string> row = {node.at("node")};
    for (const json& rate : node.at("images_per_s")) row.push_back(Rate(rate));
    table.Add(row);
  }
  return table.ToString("  ") + '\n';
}

std::string OpsText(const json& timing) {
  if (!timing.contains("ops")) return "";
  const json& ops = timing.at("ops");
  const bool on_device = std::any_of(
      ops.begin(), ops.end(), [](const json& op) { return op.at("device_us").get<double>() > 0; });
  TextTable table;
  table.Add({"operator", "calls", "own CPU time", on_device ? "device time" : ""});
  size_t shown = 0;
  for (const json& op : ops) {
    if (++shown > kOpsShown) break;
    table.Add({op.at("name"), ShowCount(op.at("calls").get<uint64_t>()), Time(op.at("self_us")),
               on_device ? Time(op.at("device_us")) : ""});
  }
  return table.ToString("  ") + '\n';
}

std::string HeadText(const json& timing) {
  std::string text = timing.at("graph").get<std::string>() + ": " +
                     ShowDuration(timing.at("seconds")) + " measured";
  const auto steps = timing.value("steps", uint64_t{0});
  if (steps > 0) text += ", " + ShowCount(steps, "step");
  const json& machine = timing.at("machine");
  return text + ", " + ShowCount(timing.at("images").get<uint64_t>()) + " images; " +
         machine.at("cpu").get<std::string>() + ", " + ShowFixed(machine.at("cores"), 1) +
         " cores\n\n";
}

}  // namespace

std::string TimingText(const json& timing) {
  try {
    return HeadText(timing) + NodesText(timing) + '\n' + PoolsText(timing) + '\n' +
           DeviceText(timing) + '\n' + RanksText(timing) + SweepText(timing) + OpsText(timing) +
           BoundText(timing) + '\n' + timing.at("verdict").get<std::string>() + '\n';
  } catch (const json::exception&) {
    throw ConfigError("the timing lacks a part; it is damaged");
  }
}

}  // namespace flowtrain
