// A queue that stops allocating.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace flowtrain {

// First in, first out, in a ring that grows when it is full and never shrinks: once it has reached
// its greatest length, it allocates no more (std::deque keeps allocating, block by block). Not
// thread-safe.
template <typename T>
class RingQueue {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  T& front() { return ring_[first_]; }

  void push_back(T value) {
    if (size_ == ring_.size()) Grow();
    ring_[Index(size_)] = std::move(value);
    ++size_;
  }
  void pop_front() {
    first_ = Index(1);
    --size_;
  }

 private:
  size_t Index(size_t i) const { return (first_ + i) % ring_.size(); }

  void Grow() {
    std::vector<T> larger(ring_.empty() ? 16 : 2 * ring_.size());
    for (size_t i = 0; i < size_; ++i) larger[i] = std::move(ring_[Index(i)]);
    ring_ = std::move(larger);
    first_ = 0;
  }

  std::vector<T> ring_;
  size_t first_ = 0, size_ = 0;
};

}  // namespace flowtrain
