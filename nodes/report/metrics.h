// The lines of metrics.jsonl.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "nodes/report/rates.h"
#include "nodes/run/step_record.h"

namespace flowtrain {

// One JSON object, one line, without the newline. Steps and epochs count from 1. A figure that is
// not finite is null: JSON has no NaN.
//
// A step: step, epoch, loss, lr, images, seconds, images_per_s, data_wait (share of the time),
// loss_scale, skipped, with several ranks collective_wait_ms and collective_bytes, knn_top1, linear_top1 and linear_top5 (percent, where evaluated), and rankme,
// feature_std, projection_std, alignment and uniformity (where measured). On a GPU device_bytes (of its
// memory held by the program), device_peak_bytes, device_total_bytes and, where its driver tells, what
// nvidia-smi shows: gpu_utilization (share of the time), gpu_used_bytes (by all programs),
// gpu_temperature_c, gpu_power_w.
std::string StepLine(const StepRecord& record);
// The record of such a line, without loss_scale and memory; empty for any other line.
std::optional<StepRecord> ReadStepLine(const std::string& line);
// An epoch: epoch, steps, images, seconds, loss (mean), images_per_s, data_wait, skipped (steps),
// bad_images (left out since the run began), knn_top1 and linear_top1 (where
// evaluated). `epoch` counts from 0.
std::string EpochLine(uint64_t epoch, const StepTotals& totals, uint64_t bad_images,
                      const EpochResults& results);

}  // namespace flowtrain
