// A fixed set of slots. What is admitted to the graph must hold one, which is the only bound on
// what is in flight: TBB's queues grow without limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/clock.h"

namespace flowtrain {

// Figures of a pool since the run began.
struct PoolCounters {
  std::string name;
  size_t slots = 0;
  size_t in_use = 0;
  uint64_t empty_ns = 0;  // time in which every slot was in use
};

// Thread-safe. The slots live as long as the pool.
template <typename T>
class Pool {
 public:
  explicit Pool(std::string name) : name_(std::move(name)) {}

  void Add(std::unique_ptr<T> slot) {
    const std::lock_guard lock(mutex_);
    free_.push_back(slot.get());
    slots_.push_back(std::move(slot));
  }

  // A free slot, the one used last first (its memory is still in a cache); nullptr when none is
  // free.
  T* TryAcquire() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return nullptr;
    T* slot = free_.back();
    free_.pop_back();
    if (free_.empty()) empty_since_ns_ = NowNs();
    return slot;
  }

  // Throws std::logic_error when more comes home than went out.
  void Release(T* slot) {
    const std::lock_guard lock(mutex_);
    if (free_.size() == slots_.size())
      throw std::logic_error("a slot of '" + name_ + "' came home twice");
    if (free_.empty()) empty_ns_ += NowNs() - empty_since_ns_;
    free_.push_back(slot);
  }

  bool whole() const {
    const std::lock_guard lock(mutex_);
    return free_.size() == slots_.size();
  }

  PoolCounters counters() const {
    const std::lock_guard lock(mutex_);
    const uint64_t now_empty = free_.empty() && !slots_.empty() ? NowNs() - empty_since_ns_ : 0;
    return {name_, slots_.size(), slots_.size() - free_.size(), empty_ns_ + now_empty};
  }

 private:
  const std::string name_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<T>> slots_;
  std::vector<T*> free_;
  uint64_t empty_since_ns_ = 0, empty_ns_ = 0;
};

}  // namespace flowtrain
