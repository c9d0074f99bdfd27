// What happens when a mapped file is cut short, or its disk fails, under its reader.
#pragma once

#include <atomic>
#include <cstddef>

namespace flowtrain {

// Guards a mapping for as long as it lives: a page that the system has no data for reads as zeros
// from then on and `lost` is set, instead of SIGBUS ending the process. Callers that use what was
// read must check `lost` afterwards (ReadsWereLost). Reading costs nothing extra. Copying every
// image out of the file (pread) would be safe too, but costs 5 us more for an image of STL-10,
// whose two views take 33 us, and 59 us more for one of 850 kB with levels, whose views take 75 us
// (docs/measurements/hostile_input.md).
//
// A process has one SIGBUS handler, so this is the one part of the program that is global. A SIGBUS
// anywhere else goes to the previous handler.
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

// Whether anything read so far was zeros instead of data. `lost` may be null, for memory that
// cannot be lost.
inline bool ReadsWereLost(const std::atomic<bool>* lost) {
  // The reads come first: the handler runs during them, on this thread.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return lost != nullptr && lost->load(std::memory_order_relaxed);
}

// The reason given for an image whose data was lost.
inline constexpr char kLostWhileRead[] =
    "its file became shorter, or the disk failed, while it was read";

}  // namespace flowtrain
