// The engine's clock.
#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>

namespace flowtrain {

// Nanoseconds of the steady clock.
inline uint64_t NowNs() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

namespace internal {
inline uint64_t CpuNs(clockid_t clock) {
  timespec spent{};
  clock_gettime(clock, &spent);
  return static_cast<uint64_t>(spent.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(spent.tv_nsec);
}
}  // namespace internal

// CPU time used so far, in nanoseconds: by the calling thread; by all threads of the process.
inline uint64_t ThreadCpuNs() { return internal::CpuNs(CLOCK_THREAD_CPUTIME_ID); }
inline uint64_t ProcessCpuNs() { return internal::CpuNs(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace flowtrain
