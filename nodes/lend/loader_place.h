// Where in its epochs a loader is, as its source and its consumer agree.
#pragma once

#include <cstdint>
#include <mutex>

namespace flowtrain {

// Gives out the numbers of batches one after the other, from wherever the consumer wants to go on.
// Thread-safe.
class LoaderPlace {
 public:
  // The next batch to be admitted is this one; those that are on their way are no longer wanted.
  void GoTo(uint64_t number) {
    const std::lock_guard lock(mutex_);
    next_ = number;
    moved_ = true;
  }
  // The number of the batch that is admitted as `seq`.
  uint64_t Next(uint64_t seq) {
    const std::lock_guard lock(mutex_);
    if (moved_) first_wanted_ = seq;
    moved_ = false;
    return next_++;
  }
  // Whether that batch was admitted since the consumer last moved.
  bool IsWanted(uint64_t seq) const {
    const std::lock_guard lock(mutex_);
    return !moved_ && seq >= first_wanted_;
  }

 private:
  mutable std::mutex mutex_;
  uint64_t next_ = 0, first_wanted_ = 0;
  bool moved_ = false;
};

}  // namespace flowtrain
