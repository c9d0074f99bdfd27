#include "nodes/testing/test_behaviour.h"

#include <chrono>
#include <thread>

namespace flowtrain {

void Serve(int64_t service_us, bool sleep) {
  if (service_us == 0) return;
  const std::chrono::microseconds time(service_us);
  if (sleep) return std::this_thread::sleep_for(time);
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

}  // namespace flowtrain
