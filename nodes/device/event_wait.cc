#include "nodes/device/event_wait.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace flowtrain {

void WaitFor(const c10::Event& event) {
  constexpr std::chrono::microseconds kShortest{20}, kLongest{500};
  for (auto pause = kShortest; !event.query(); pause = std::min(2 * pause, kLongest)) {
    std::this_thread::sleep_for(pause);
  }
  event.synchronize();
}

}  // namespace flowtrain
