#include "tools/measure/loader_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "pipeline/base/text/text_table.h"
#include "pipeline/base/text/units.h"
#include "tools/measure/spread.h"
#include "tools/measure/view_sizes.h"

namespace flowtrain {
namespace {

template <typename Item, typename Figure>
Spread SpreadOver(const std::vector<Item>& items, Figure figure) {
  std::vector<double> values(items.size());
  std::transform(items.begin(), items.end(), values.begin(), figure);
  return SpreadOf(std::move(values));
}

Spread ImagesPerS(const LoaderReport& report) {
  return SpreadOver(report.runs, [](const LoaderFigures& run) { return run.images_per_s(); });
}

Spread CoresUsed(const LoaderReport& report) {
  return SpreadOver(report.runs, [](const LoaderFigures& run) { return run.cores_used(); });
}

Spread DeviceBusy(const LoaderReport& report) {
  return SpreadOver(report.runs, [](const LoaderFigures& run) { return run.device_busy.value(); });
}

Spread NodeUs(const LoaderReport& report, size_t node) {
  return SpreadOver(report.runs,
                    [node](const LoaderFigures& run) { return run.nodes[node].us_per_image; });
}

Spread ImagesPerCpuS(const LoaderReport& report) {
  return SpreadOver(report.runs, [](const LoaderFigures& run) {
    return static_cast<double>(run.images) / run.cpu_s;
  });
}

// Cores that the workers can keep busy.
int CoresInUse(const LoaderReport& report) { return std::min(report.cores, report.workers); }

std::string Range(const std::string& low, const std::string& high) {
  return '(' + low + " to " + high + ')';
}

// A rate of images, converted to views.
std::vector<std::string> ViewRate(const std::string& what, Spread images, double scale) {
  return {what, ShowRate(images.median * scale),
          Range(ShowRate(images.low * scale), ShowRate(images.high * scale))};
}

std::string RatesText(const LoaderReport& report) {
  const double views = report.views();
  const Spread images = ImagesPerS(report), cores = CoresUsed(report);
  TextTable table;
  table.Add(ViewRate("views/s", images, views));
  table.Add(ViewRate("views/s a core", images, views / CoresInUse(report)));
  table.Add(ViewRate("views a second of CPU time", ImagesPerCpuS(report), views));
  table.Add(ViewRate("images/s", images, 1));
  table.Add({"cores used", ShowFixed(cores.median, 2),
             Range(ShowFixed(cores.low, 2), ShowFixed(cores.high, 2))});
  if (report.device_rate > 0) {
    const Spread busy = DeviceBusy(report);
    table.Add({"device busy", ShowPercent(busy.median),
               Range(ShowPercent(busy.low), ShowPercent(busy.high)) + " of a device that takes " +
                   ShowRate(report.device_rate) + " images/s"});
  }
  return table.ToString("  ");
}

std::string NodesText(const LoaderReport& report) {
  TextTable table;
  table.Add({"time in a node", "us a view", "us an image"});
  for (size_t i = 0; i < report.runs.front().nodes.size(); ++i) {
    const double us = NodeUs(report, i).median;
    table.Add({"  " + report.runs.front().nodes[i].name, ShowFixed(us / report.views(), 2),
               ShowFixed(us, 2)});
  }
  return table.ToString("  ");
}

std::string EngineText(const LoaderReport& report) {
  if (report.engine.empty()) return "";
  const Spread share = SpreadOver(report.engine, [](const EngineCost& e) { return e.share(); });
  const Spread cpu = SpreadOver(report.engine, [](const EngineCost& e) { return e.cpu_share(); });
  const auto us = [&](auto figure) {
    return ShowFixed(SpreadOver(report.engine, figure).median, 2);
  };
  TextTable table;
  table.Add({"pipeline, one worker on one core",
             us([](const EngineCost& e) { return e.pipeline.wall_us; }),
             us([](const EngineCost& e) { return e.pipeline.cpu_us; }) + " of CPU time"});
  table.Add({"its nodes called in a loop, same core and images",
             us([](const EngineCost& e) { return e.bare.wall_us; }),
             us([](const EngineCost& e) { return e.bare.cpu_us; }) + " of CPU time"});
  return "  share of the engine  " + ShowPercent(share.median) + ' ' +
         Range(ShowPercent(share.low), ShowPercent(share.high)) + ", of CPU time " +
         ShowPercent(cpu.median) + "; us an image:\n" + table.ToString("    ");
}

std::string CoresText(const LoaderReport& report) {
  std::string text = std::to_string(report.cores) + " may be used";
  if (report.cpu_quota > 0) text += " (quota " + ShowFixed(report.cpu_quota, 1) + ')';
  return text;
}

}  // namespace

std::string LoaderReportText(const LoaderReport& report) {
  TextTable facts;
  facts.Add({"graph", report.graph});
  facts.Add({"data set", report.dataset});
  facts.Add({"view", ShowViewSizes(report.sides, " x ") + " pixels, " +
                         std::to_string(report.sides.size()) + " an image, batches of " +
                         std::to_string(report.batch_size) + " images"});
  facts.Add({"workers", std::to_string(report.workers)});
  facts.Add({"cores", CoresText(report)});
  return facts.ToString("") + "median of " + std::to_string(report.runs.size()) + " runs of " +
         ShowFixed(report.times.seconds, 1) + " s (lowest to highest)\n" + RatesText(report) +
         NodesText(report) + EngineText(report);
}

std::string LoaderReportJson(const LoaderReport& report) {
  const double views = report.views();
  const std::optional<int> side = CommonSide(report.sides);
  const Spread images = ImagesPerS(report);
  const auto spread = [](Spread s, double scale) {
    return nlohmann::ordered_json{
        {"median", s.median * scale}, {"low", s.low * scale}, {"high", s.high * scale}};
  };
  nlohmann::ordered_json json = {
      {"views_per_s", images.median * views},
      {"views_per_s_spread", spread(images, views)},
      {"images_per_s", images.median},
      {"views_per_s_per_core", images.median * views / CoresInUse(report)},
      {"views_per_cpu_s", ImagesPerCpuS(report).median * views},
      {"cores", report.cores},
      {"cores_used", CoresUsed(report).median},
      {"workers", report.workers},
      {"graph", report.graph},
      {"dataset", report.dataset},
      {"view_size", side ? nlohmann::ordered_json(*side) : nullptr},
      {"view_sizes", report.sides},
      {"batch_size", report.batch_size},
      {"seconds", report.times.seconds},
      {"repeats", report.runs.size()},
  };
  for (size_t i = 0; i < report.runs.front().nodes.size(); ++i) {
    json["nodes"][report.runs.front().nodes[i].name]["us_per_image"] = NodeUs(report, i).median;
  }
  json["engine_share"] = nullptr;
  if (!report.engine.empty()) {
    const Spread share = SpreadOver(report.engine, [](const EngineCost& e) { return e.share(); });
    json["engine_share"] = share.median;
    json["engine_share_spread"] = spread(share, 1);
    json["engine_cpu_share"] =
        SpreadOver(report.engine, [](const EngineCost& e) { return e.cpu_share(); }).median;
    json["pipeline_us_per_image"] =
        SpreadOver(report.engine, [](const EngineCost& e) { return e.pipeline.wall_us; }).median;
    json["bare_loop_us_per_image"] =
        SpreadOver(report.engine, [](const EngineCost& e) { return e.bare.wall_us; }).median;
  }
  if (report.device_rate > 0) {
    json["device_rate"] = report.device_rate;
    json["device_busy"] = DeviceBusy(report).median;
    json["device_busy_spread"] = spread(DeviceBusy(report), 1);
  }
  return json.dump();
}

}  // namespace flowtrain
