// What happens when a mapped file is cut short, or its disk fails, under its reader.
#pragma once

#include <atomic>
#include <cstddef>

namespace flowtrain {

// Guards a mapping for as long as it lives: where the system has no data for a page of it, that
// page reads as zeros from then on and `lost` is set, where the process would be ended by SIGBUS.
// Who uses what was read must look at `lost` afterwards (ReadsWereLost). Reading costs nothing
// more. Copying every image out of the file (pread) would be safe too, and costs 5 us more for one
// of STL-10, whose two views take 33, and 59 us for one of 850 kB with levels, whose views take 75
// (docs/measurements/hostile_input.md).
//
// A process has one handler of SIGBUS, so this is the one thing of the program that is global. A
// SIGBUS anywhere else goes to the handler there was before.
class MappingGuard {
 public:
  // Throws DataError when too many files are mapped at once.
  MappingGuard(const void* begin, size_t bytes);
  ~MappingGuard();
  MappingGuard(const MappingGuard&) = delete;
  MappingGuard& operator=(const MappingGuard&) = delete;

  const std::atomic<bool>& lost() const;

 private:
  size_t region_;
};

// Whether something that was read until now is zeros in place of data. `lost` may be null: memory
// that cannot be lost.
inline bool ReadsWereLost(const std::atomic<bool>* lost) {
  // The reads come first: the handler runs in the midst of them, on this thread.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return lost != nullptr && lost->load(std::memory_order_relaxed);
}

// Why an image whose data was lost is a bad one.
inline constexpr char kLostWhileRead[] =
    "its file became shorter, or the disk failed, while it was read";

}  // namespace flowtrain
