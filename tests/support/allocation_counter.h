// Counts what a test program takes from the heap, on all of its threads. Include it in one file of
// a program only: it replaces functions of the C library with its own.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
}

namespace flowtrain {

struct AllocationCounter {
  static inline std::atomic<bool> on{false};
  static inline std::atomic<uint64_t> count{0};
  static void Note() {
    if (on.load(std::memory_order_relaxed)) count.fetch_add(1, std::memory_order_relaxed);
  }
};

}  // namespace flowtrain

// operator new ends up here too.
extern "C" {
void* malloc(size_t size) {
  flowtrain::AllocationCounter::Note();
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  flowtrain::AllocationCounter::Note();
  return __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  flowtrain::AllocationCounter::Note();
  return __libc_realloc(old, size);
}
void* memalign(size_t alignment, size_t size) {
  flowtrain::AllocationCounter::Note();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  flowtrain::AllocationCounter::Note();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, size_t alignment, size_t size) {
  flowtrain::AllocationCounter::Note();
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
}
