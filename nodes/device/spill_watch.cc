#include "nodes/device/spill_watch.h"

#include <algorithm>
#include <vector>

#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

constexpr size_t kStartUpSteps = 2;  // which choose algorithms, and are slow for that
constexpr size_t kKept = 32;         // steps that a slow one is compared with
constexpr double kSlow = 2;          // times as long as before
constexpr int kSlowSteps = 3;        // in a row: one alone may have other reasons
constexpr double kNearlyAll = 0.97;  // of the GPU's memory, by the driver's own account

}  // namespace

std::string SpillWatch::Add(const StepRecord& record, const std::string& limit_name) {
  if (told_ || record.images == 0 || ++steps_ <= kStartUpSteps) return {};
  const double seconds = record.seconds / record.images;
  // More than the GPU has: then it is not in the GPU.
  const bool certain = record.device_bytes > record.device_total_bytes;
  if (!certain && !IsFull(record)) {
    before_.push_back(seconds);
    if (before_.size() > kKept) before_.pop_front();
    slow_in_a_row_ = 0;
    return {};
  }
  const double slowdown = Slowdown(seconds);
  slow_in_a_row_ = slowdown >= kSlow ? slow_in_a_row_ + 1 : 0;
  if (!certain && slow_in_a_row_ < kSlowSteps) return {};
  told_ = true;
  return "the GPU's memory is full: this program holds " + ShowGib(record.device_bytes) +
         ", the GPU had " + ShowGib(room_bytes_) + " of " + ShowGib(record.device_total_bytes) +
         " free at the start" +
         (slowdown >= kSlow
              ? ", and steps take " + ShowFixed(slowdown, 1) + " times as long as before"
              : "") +
         ". The driver keeps the rest in the host's memory, as under WSL2, without an error. Set " +
         limit_name + " below what was free, or take smaller batches (docs/troubleshooting.md)";
}

bool SpillWatch::IsFull(const StepRecord& record) const {
  const auto nearly_all =
      static_cast<size_t>(kNearlyAll * static_cast<double>(record.device_total_bytes));
  return record.device_bytes > room_bytes_ || record.gpu.used_bytes.value_or(0) >= nearly_all;
}

double SpillWatch::Slowdown(double seconds_per_image) const {
  if (before_.empty()) return 0;
  std::vector<double> sorted(before_.begin(), before_.end());
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2),
                   sorted.end());
  const double median = sorted[sorted.size() / 2];
  return median > 0 ? seconds_per_image / median : 0;
}

}  // namespace flowtrain
