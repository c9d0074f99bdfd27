// A fixed set of slots. What is admitted to the graph must hold one, which is the only bound on
// what is in flight: TBB's queues grow without limit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/base/clock.h"

namespace flowtrain {

// Figures of a pool since the run began, or between two moments of it.
struct PoolCounters {
  std::string name;
  size_t slots = 0;       // that may be in use
  size_t in_use = 0;      // now
  uint64_t empty_ns = 0;  // time with no slot available
  uint64_t used_ns = 0;   // sum over the slots of the time each was in use

  PoolCounters Since(const PoolCounters& earlier) const {
    return {name, slots, in_use, empty_ns - earlier.empty_ns, used_ns - earlier.used_ns};
  }
};

// Thread-safe. The slots live as long as the pool. Fewer of them may be in use than there are: that
// limit can change while the graph runs.
template <typename T>
class Pool {
 public:
  explicit Pool(std::string name) : name_(std::move(name)) {}

  void Add(std::unique_ptr<T> slot) {
    const std::lock_guard lock(mutex_);
    free_.push_back(slot.get());
    slots_.push_back(std::move(slot));
    limit_ = slots_.size();
  }

  // How many of the slots may be in use. A lower limit takes effect as slots come home.
  void SetLimit(size_t limit) {
    const std::lock_guard lock(mutex_);
    Account();
    limit_ = std::min(limit, slots_.size());
  }

  // A free slot, the most recently used first (its memory is still in a cache); nullptr when none
  // may be taken.
  T* TryAcquire() {
    const std::lock_guard lock(mutex_);
    if (InUse() >= limit_) return nullptr;
    Account();
    T* slot = free_.back();
    free_.pop_back();
    return slot;
  }

  // Throws std::logic_error when more slots come home than went out.
  void Release(T* slot) {
    const std::lock_guard lock(mutex_);
    if (free_.size() == slots_.size())
      throw std::logic_error("a slot of '" + name_ + "' came home twice");
    Account();
    free_.push_back(slot);
  }

  bool whole() const {
    const std::lock_guard lock(mutex_);
    return free_.size() == slots_.size();
  }

  PoolCounters counters() const {
    const std::lock_guard lock(mutex_);
    Account();
    return {name_, limit_, InUse(), empty_ns_, used_ns_};
  }

 private:
  size_t InUse() const { return slots_.size() - free_.size(); }

  // Adds the time since the last change to the figures.
  void Account() const {
    const uint64_t now = NowNs();
    if (InUse() >= limit_ && limit_ > 0) empty_ns_ += now - changed_ns_;
    used_ns_ += (now - changed_ns_) * InUse();
    changed_ns_ = now;
  }

  const std::string name_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<T>> slots_;
  std::vector<T*> free_;
  size_t limit_ = 0;
  mutable uint64_t changed_ns_ = NowNs(), empty_ns_ = 0, used_ns_ = 0;
};

}  // namespace flowtrain
