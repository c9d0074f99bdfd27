#include "tools/timing/recorder.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "pipeline/base/clock.h"

namespace flowtrain {
namespace {

constexpr size_t kMostSlices = 512;
constexpr double kKeptSeconds = 12;  // kept for Recent
constexpr size_t kMostRecent = 64;
constexpr uint64_t kCpuEveryNs = 90'000'000;  // reading it takes longer than the engine's figures
constexpr size_t kParts = 8;

uint64_t Steps(const Snapshot& snapshot) {
  return snapshot.nodes.empty() ? 0 : snapshot.nodes.back().messages;
}

}  // namespace

Recorder::Recorder(const Graph& graph, uint64_t warm_up_steps, double slice_s,
                   std::function<GpuStatus()> gpu)
    : graph_(graph), warm_up_steps_(warm_up_steps), gpu_(std::move(gpu)), slice_s_(slice_s) {
  thread_ = std::thread([this] { Loop(); });
}

Recorder::~Recorder() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Recorder::Loop() {
  std::unique_lock lock(mutex_);
  const auto pause = [this] { return std::chrono::duration<double>(slice_s_); };
  while (!wake_.wait_for(lock, pause(), [this] { return stop_; })) Look();
}

void Recorder::Look() {
  if (!graph_.running()) return;
  Moment now{graph_.snapshot(), {}};
  if (!graph_.running()) return;  // it ended meanwhile
  if (Steps(now.snapshot) < std::max<uint64_t>(1, warm_up_steps_)) return;
  now.snapshot.cpu = MachineCpu();
  AddGpu(now);
  if (!first_) {
    first_ = now;
    slice_began_ = now.snapshot;
    start_ns_ = now.snapshot.at_ns;
  } else {
    AddSlice(now.snapshot);
  }
  last_ = now;
  recent_.push_back(std::move(now));
  const double kept = std::max(kKeptSeconds, 2 * slice_s_);
  const auto recent_s = [this] {
    return recent_.back().snapshot.Since(recent_.front().snapshot).seconds();
  };
  while (recent_.size() > 2 && (recent_s() > kept || recent_.size() > kMostRecent)) {
    recent_.pop_front();
  }
}

// What it says now holds for the time since it was last asked.
void Recorder::AddGpu(Moment& now) const {
  if (!gpu_) return;
  now.gpu = gpu_();
  if (!last_) return;
  now.busy_ns = last_->busy_ns;
  now.told_ns = last_->told_ns;
  if (!now.gpu.utilization) return;
  const auto passed_ns = static_cast<double>(now.snapshot.at_ns - last_->snapshot.at_ns);
  now.busy_ns += *now.gpu.utilization * passed_ns;
  now.told_ns += passed_ns;
}

GpuStatus Recorder::GpuBetween(const Moment& from, const Moment& to) {
  GpuStatus gpu = to.gpu;
  const double told_ns = to.told_ns - from.told_ns;
  if (told_ns > 0) gpu.utilization = (to.busy_ns - from.busy_ns) / told_ns;
  return gpu;
}

GpuStatus Recorder::MeasuredGpu() const {
  const std::lock_guard lock(mutex_);
  return first_ ? GpuBetween(*first_, *last_) : GpuStatus{};
}

GpuStatus Recorder::RecentGpu(double seconds) const {
  const std::lock_guard lock(mutex_);
  return recent_.size() < 2 ? GpuStatus{}
                            : GpuBetween(recent_[RecentFrom(seconds)], recent_.back());
}

void Recorder::AddSlice(const Snapshot& now) {
  const Snapshot part = now.Since(slice_began_);
  slice_began_ = now;
  Slice slice{
      now.at_ns, static_cast<double>(now.at_ns - start_ns_) * 1e-9, part.images_per_s(), {}, {}};
  for (const NodeCounters& node : now.nodes) slice.queued.push_back(node.queued);
  for (const PoolCounters& pool : now.pools) slice.in_use.push_back(pool.in_use);
  slices_.push_back(std::move(slice));
  if (slices_.size() < kMostSlices) return;
  // Two become one, at the end of the second; from now on a slice lasts twice as long.
  for (size_t i = 0; i < slices_.size() / 2; ++i) {
    const double rate = (slices_[2 * i].images_per_s + slices_[2 * i + 1].images_per_s) / 2;
    slices_[i] = std::move(slices_[2 * i + 1]);
    slices_[i].images_per_s = rate;
  }
  slices_.resize(slices_.size() / 2);
  slice_s_ *= 2;
}

std::optional<Snapshot> Recorder::Measured() const {
  const std::lock_guard lock(mutex_);
  if (!first_ || last_->snapshot.at_ns == first_->snapshot.at_ns) return std::nullopt;
  if (!graph_.running()) return last_->snapshot.Since(first_->snapshot);
  Snapshot now = graph_.snapshot();
  now.cpu = MachineCpu();
  return now.Since(first_->snapshot);
}

CpuUse Recorder::MachineCpu() const {
  if (NowNs() - cpu_.at_ns > kCpuEveryNs) cpu_ = ReadCpuUse();
  return cpu_;
}

std::optional<Snapshot> Recorder::Recent(double seconds) const {
  const std::lock_guard lock(mutex_);
  if (recent_.size() < 2) return std::nullopt;
  return recent_.back().snapshot.Since(recent_[RecentFrom(seconds)].snapshot);
}

// Where that time began; there are two moments at least.
size_t Recorder::RecentFrom(double seconds) const {
  size_t from = recent_.size() - 2;
  const Snapshot& now = recent_.back().snapshot;
  while (from > 0 && now.Since(recent_[from].snapshot).seconds() < seconds) --from;
  return from;
}

std::vector<Slice> Recorder::slices() const {
  const std::lock_guard lock(mutex_);
  return slices_;
}

uint64_t Recorder::measured_steps() const {
  const std::lock_guard lock(mutex_);
  if (!first_) return 0;
  const std::vector<NodeCounters> nodes = graph_.counters();
  return nodes.back().messages - first_->snapshot.nodes.back().messages;
}

std::optional<double> UncertaintyOf(const std::vector<Slice>& slices) {
  if (slices.size() < kParts) return std::nullopt;
  const size_t length = slices.size() / kParts;  // the remainder at the front is left out
  double sum = 0, squares = 0;
  for (size_t part = 0; part < kParts; ++part) {
    double rate = 0;
    for (size_t i = 0; i < length; ++i) {
      rate += slices[slices.size() - (part + 1) * length + i].images_per_s;
    }
    rate /= static_cast<double>(length);
    sum += rate;
    squares += rate * rate;
  }
  const auto parts = static_cast<double>(kParts);
  const double mean = sum / parts;
  if (mean <= 0) return std::nullopt;
  const double variance = std::max(0.0, squares / parts - mean * mean) * parts / (parts - 1);
  return 2 * std::sqrt(variance / parts) / mean;
}

}  // namespace flowtrain
