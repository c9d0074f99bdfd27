#include "nodes/report/metrics.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace flowtrain {
namespace {

using Json = nlohmann::ordered_json;

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
Json Number(const std::optional<double>& value) { return value ? Number(*value) : Json(nullptr); }

}  // namespace

std::string StepLine(const StepRecord& record) {
  Json line;
  line["step"] = record.step + 1;
  line["epoch"] = record.epoch + 1;
  line["loss"] = Number(record.loss);
  line["lr"] = Number(record.learning_rate);
  line["images"] = record.images;
  line["seconds"] = Number(record.seconds);
  line["images_per_s"] =
      record.seconds > 0 ? Number(record.images / record.seconds) : Json(nullptr);
  line["data_wait"] = Number(record.data_wait);
  line["loss_scale"] = Number(record.loss_scale);
  line["skipped"] = record.skipped;
  if (record.collective_bytes > 0) {
    line["collective_wait_ms"] = Number(record.collective_wait_ms);
    line["collective_bytes"] = record.collective_bytes;
  }
  if (record.device_peak_bytes > 0) {
    line["device_bytes"] = record.device_bytes;
    line["device_peak_bytes"] = record.device_peak_bytes;
    line["device_total_bytes"] = record.device_total_bytes;
  }
  if (record.gpu.utilization) line["gpu_utilization"] = *record.gpu.utilization;
  if (record.gpu.used_bytes) line["gpu_used_bytes"] = *record.gpu.used_bytes;
  if (record.gpu.temperature_c) line["gpu_temperature_c"] = *record.gpu.temperature_c;
  if (record.gpu.power_w) line["gpu_power_w"] = *record.gpu.power_w;
  if (record.representations) {
    line["rankme"] = Number(record.representations->rankme);
    line["feature_std"] = Number(record.representations->feature_std);
    line["projection_std"] = Number(record.representations->projection_std);
    line["alignment"] = Number(record.representations->alignment);
    line["uniformity"] = Number(record.representations->uniformity);
  }
  if (record.knn_top1) line["knn_top1"] = Number(record.knn_top1);
  if (record.linear_top1) line["linear_top1"] = Number(record.linear_top1);
  if (record.linear_top5) line["linear_top5"] = Number(record.linear_top5);
  return line.dump();
}

std::optional<StepRecord> ReadStepLine(const std::string& line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return {};
  for (const char* key : {"step", "epoch", "images"}) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_number_unsigned()) return {};
  }
  const auto number = [&json](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number() ? found->get<double>() : std::nan("");
  };
  StepRecord record;
  record.step = json["step"].get<uint64_t>() - 1;
  record.epoch = json["epoch"].get<uint64_t>() - 1;
  record.images = json["images"].get<int>();
  record.loss = number("loss");
  record.learning_rate = number("lr");
  record.seconds = std::max(0.0, number("seconds"));
  record.data_wait = std::max(0.0, number("data_wait"));
  record.skipped = json.value("skipped", Json(false)) == Json(true);
  return record;
}

std::string EpochLine(uint64_t epoch, const StepTotals& totals, uint64_t bad_images,
                      const EpochResults& results) {
  Json line;
  line["epoch"] = epoch + 1;
  line["steps"] = totals.steps();
  line["images"] = totals.images();
  line["seconds"] = Number(totals.seconds());
  line["loss"] = Number(totals.mean_loss());
  line["images_per_s"] = Number(totals.images_per_s());
  line["data_wait"] = Number(totals.data_wait());
  line["skipped"] = totals.skipped();
  line["bad_images"] = bad_images;
  if (results.knn_top1) line["knn_top1"] = Number(results.knn_top1);
  if (results.linear_top1) line["linear_top1"] = Number(results.linear_top1);
  return line.dump();
}

}  // namespace flowtrain
