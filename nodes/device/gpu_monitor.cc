#include "nodes/device/gpu_monitor.h"

#include <utility>

namespace flowtrain {

GpuMonitor::GpuMonitor(std::function<GpuStatus()> read, std::chrono::milliseconds every)
    : read_(std::move(read)), latest_(read_()), thread_([this, every] { Loop(every); }) {}

GpuMonitor::~GpuMonitor() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

GpuStatus GpuMonitor::Latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

void GpuMonitor::Loop(std::chrono::milliseconds every) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, every, [this] { return stop_; })) {
    lock.unlock();
    const GpuStatus now = read_();
    lock.lock();
    latest_ = now;
  }
}

}  // namespace flowtrain
