#include "nodes/testing/test_behaviour.h"

#include <chrono>
#include <thread>

#include "pipeline/base/clock.h"

namespace flowtrain {

void Serve(int64_t service_us, bool sleep) {
  if (service_us == 0) return;
  if (sleep) return std::this_thread::sleep_for(std::chrono::microseconds(service_us));
  // The thread's own time, so that no work gets done while another thread has the core.
  const uint64_t end_ns = ThreadCpuNs() + static_cast<uint64_t>(service_us) * 1000;
  while (ThreadCpuNs() < end_ns) {
  }
}

}  // namespace flowtrain
