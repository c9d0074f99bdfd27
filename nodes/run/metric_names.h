// What the figures of a run are called.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace flowtrain {

// The kinds of line that metrics.jsonl has.
enum class MetricsRow : uint8_t { kStep, kEpoch, kFinal };

struct MetricName {
  std::string_view key;  // in metrics.jsonl, and the column of metrics.csv
  std::string_view tag;  // in TensorBoard; empty: it is an axis there, not a figure
};

// Every key of metrics.jsonl, but `final`, in the order of the columns of metrics.csv.
// docs/metrics.md says what they mean.
std::span<const MetricName> MetricNames();

// The tag of a figure in such a row: "train/loss" of a step is "epoch/loss" of an epoch, and all figures
// of a final row are "evaluate/…", as kNN accuracies are in any row. Empty for what is no figure.
std::string MetricTag(MetricsRow row, std::string_view key);

}  // namespace flowtrain
