// A GPU's figures, read beside the device lane.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "nodes/run/gpu_status.h"

namespace flowtrain {

// Calls `read` once a second on a thread of its own: the driver may take milliseconds to answer.
class GpuMonitor {
 public:
  explicit GpuMonitor(std::function<GpuStatus()> read,
                      std::chrono::milliseconds every = std::chrono::seconds(1));
  ~GpuMonitor();
  GpuMonitor(const GpuMonitor&) = delete;
  GpuMonitor& operator=(const GpuMonitor&) = delete;

  GpuStatus Latest() const;  // thread-safe

 private:
  void Loop(std::chrono::milliseconds every);

  const std::function<GpuStatus()> read_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  GpuStatus latest_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace flowtrain
