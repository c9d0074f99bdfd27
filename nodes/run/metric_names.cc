#include "nodes/run/metric_names.h"

#include <algorithm>
#include <array>

namespace flowtrain {
namespace {

constexpr std::string_view kEvaluate = "evaluate/";

constexpr std::array kNames = {
    MetricName{"step", ""},
    MetricName{"epoch", "train/epoch"},
    MetricName{"steps", "train/steps"},
    MetricName{"loss", "train/loss"},
    MetricName{"lr", "train/learning_rate"},
    MetricName{"images", "train/images"},
    MetricName{"seconds", "speed/seconds"},
    MetricName{"images_per_s", "speed/images_per_second"},
    MetricName{"data_wait", "speed/data_wait"},
    MetricName{"collective_wait_ms", "speed/collective_wait_ms"},
    MetricName{"collective_bytes", "speed/collective_bytes"},
    MetricName{"loss_scale", "train/loss_scale"},
    MetricName{"skipped", "train/skipped"},
    MetricName{"bad_images", "train/bad_images"},
    MetricName{"device_bytes", "gpu/memory_bytes"},
    MetricName{"device_peak_bytes", "gpu/memory_peak_bytes"},
    MetricName{"device_total_bytes", "gpu/memory_total_bytes"},
    MetricName{"gpu_utilization", "gpu/utilization"},
    MetricName{"gpu_used_bytes", "gpu/memory_used_bytes"},
    MetricName{"gpu_temperature_c", "gpu/temperature_c"},
    MetricName{"gpu_power_w", "gpu/power_w"},
    MetricName{"rankme", "representations/rankme"},
    MetricName{"feature_std", "representations/feature_std"},
    MetricName{"projection_std", "representations/projection_std"},
    MetricName{"alignment", "representations/alignment"},
    MetricName{"uniformity", "representations/uniformity"},
    MetricName{"knn_top1", "evaluate/knn_top1"},
    MetricName{"knn_top1_start", "evaluate/knn_top1_start"},
    MetricName{"linear_top1", "evaluate/linear_top1"},
    MetricName{"linear_top5", "evaluate/linear_top5"},
    MetricName{"learning_rate", "evaluate/learning_rate"},
    MetricName{"weight_decay", "evaluate/weight_decay"},
    MetricName{"neighbours", "evaluate/neighbours"},
    MetricName{"bank", "evaluate/bank"},
    MetricName{"queries", "evaluate/queries"},
    MetricName{"left_out", "evaluate/left_out"},
};

// Of a key that is not in the list the tag is made from the key, so that no figure is lost.
std::string_view TagOfStep(std::string_view key) {
  const auto* found = std::find_if(kNames.begin(), kNames.end(),
                                   [key](const MetricName& name) { return name.key == key; });
  return found == kNames.end() ? key : found->tag;
}

}  // namespace

std::span<const MetricName> MetricNames() { return kNames; }

std::string MetricTag(MetricsRow row, std::string_view key) {
  const std::string tag(TagOfStep(key));
  if (tag.empty() || (row == MetricsRow::kEpoch && key == "epoch")) return {};
  const size_t slash = tag.find('/');
  const std::string name = slash == std::string::npos ? tag : tag.substr(slash + 1);
  if (row == MetricsRow::kFinal) return std::string(kEvaluate) + name;
  if (tag.rfind(kEvaluate, 0) == 0) return tag;
  if (row == MetricsRow::kEpoch) return "epoch/" + name;
  return slash == std::string::npos ? "train/" + tag : tag;
}

}  // namespace flowtrain
