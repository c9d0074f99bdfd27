#include "nodes/measure/paced_device.h"

#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "pipeline/base/clock.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

// NowNs reads CLOCK_MONOTONIC too. The time is absolute, so that a wait cut short by a signal goes
// on without adding up errors.
void SleepUntil(double at_ns) {
  constexpr int64_t kNsPerS = 1'000'000'000;
  const auto ns = static_cast<int64_t>(at_ns);
  const timespec until = {ns / kNsPerS, ns % kNsPerS};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

}  // namespace

void PacedDevice::Declare(NodeSpec& spec) {
  spec.Doc(
          "A device that takes images at a given rate and computes nothing; for measuring a "
          "loader.")
      .Input("batches", Stream::kBatch)
      .Output("windows", Stream::kStep)
      .Required(&PacedDevice::images_per_s_, "images_per_s", "Images per second.", AtLeast{1e-3});
}

void PacedDevice::Start() {
  // Linux lets a timer be 50 us late to save power; the lane's may not.
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
}

void PacedDevice::Process(Batch& batch, Step&) {
  const auto arrived_ns = static_cast<double>(NowNs());
  const double service_ns = static_cast<double>(batch.layout.rows) / images_per_s_ * 1e9;
  double begin_ns = 0;
  {
    const std::lock_guard lock(mutex_);
    begin_ns = std::max(arrived_ns, free_at_ns_);
    free_at_ns_ = begin_ns + service_ns;
    work_ns_ += service_ns;
  }
  SleepUntil(begin_ns);
}

void PacedDevice::Flush() { SleepUntil(free_at_ns_); }

uint64_t PacedDevice::WorkedNs(uint64_t now_ns) const {
  const std::lock_guard lock(mutex_);
  const double ahead_ns = std::max(0.0, free_at_ns_ - static_cast<double>(now_ns));
  return static_cast<uint64_t>(std::max(0.0, work_ns_ - ahead_ns));
}

FLOWTRAIN_REGISTER(PacedDevice);

}  // namespace flowtrain
