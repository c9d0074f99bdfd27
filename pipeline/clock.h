// The engine's clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace flowtrain {

// Nanoseconds of the steady clock.
inline uint64_t NowNs() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

}  // namespace flowtrain
