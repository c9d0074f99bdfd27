#include "nodes/report/rates.h"

#include <cmath>

namespace flowtrain {
namespace {

std::optional<double> Ratio(double numerator, double denominator) {
  if (denominator <= 0) return std::nullopt;
  return numerator / denominator;
}

}  // namespace

void StepTotals::Add(const StepRecord& record, bool timed) {
  ++steps_;
  images_ += static_cast<uint64_t>(record.images);
  seconds_ += record.seconds;
  if (record.skipped) ++skipped_;
  if (std::isfinite(record.loss)) {
    loss_sum_ += record.loss;
    ++losses_;
  }
  if (!timed) return;
  ++timed_steps_;
  timed_images_ += static_cast<uint64_t>(record.images);
  timed_seconds_ += record.seconds;
  wait_seconds_ += record.data_wait * record.seconds;
}

std::optional<double> StepTotals::images_per_s() const {
  return Ratio(static_cast<double>(timed_images_), timed_seconds_);
}

std::optional<double> StepTotals::data_wait() const { return Ratio(wait_seconds_, timed_seconds_); }

std::optional<double> StepTotals::seconds_a_step() const {
  return Ratio(timed_seconds_, static_cast<double>(timed_steps_));
}

std::optional<double> StepTotals::mean_loss() const {
  return Ratio(loss_sum_, static_cast<double>(losses_));
}

void EpochResults::Add(const StepRecord& record) {
  if (record.knn_top1) knn_top1 = record.knn_top1;
  if (record.linear_top1) linear_top1 = record.linear_top1;
  if (record.representations) rankme = record.representations->rankme;
}

void RecentSteps::Add(const StepRecord& record) {
  records_.push_back(record);
  records_.back().fetch = nullptr;  // what it holds on the device is not kept alive
  records_.back().view_pairs = nullptr;
  if (records_.size() > length_) records_.pop_front();
}

StepTotals RecentSteps::Totals() const {
  StepTotals totals;
  for (const StepRecord& record : records_) totals.Add(record, true);
  return totals;
}

}  // namespace flowtrain
