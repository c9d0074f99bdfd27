// Tells ThreadSanitizer of what TBB guarantees. A distribution's libtbb.so is not instrumented, so
// the sanitizer does not see that what a thread wrote before it gave TBB a task is seen by the
// thread that runs the task. Without it these are nothing.
#pragma once

#if defined(__SANITIZE_THREAD__)
#define FLOWTRAIN_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FLOWTRAIN_TSAN 1
#endif
#endif

#ifdef FLOWTRAIN_TSAN
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace flowtrain::internal {

// Before `token` is given to TBB.
inline void HandOver([[maybe_unused]] const void* token) {
#ifdef FLOWTRAIN_TSAN
  __tsan_release(const_cast<void*>(token));
#endif
}

// After `token` came from TBB.
inline void TakeOver([[maybe_unused]] const void* token) {
#ifdef FLOWTRAIN_TSAN
  __tsan_acquire(const_cast<void*>(token));
#endif
}

}  // namespace flowtrain::internal
