// When the calls over all ranks were under way, for a trace.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "pipeline/base/clock.h"

namespace flowtrain {

// A call from the moment the transport has its tensor until it is done; or the last backward pass of
// a window, beside which the sums are to go on: on a device, from its first kernel to be queued to
// the last.
struct CollectiveSpan {
  enum class Kind : uint8_t { kLastBackward, kSum, kGather };

  Kind kind = Kind::kSum;
  uint64_t bytes = 0;                 // of the tensor given to it
  uint64_t begin_ns = 0, end_ns = 0;  // of the engine's clock
};

// Keeps the last spans. Any thread may call it; until Begin it keeps nothing.
class CollectiveLog {
 public:
  void Begin() { on_.store(true, std::memory_order_relaxed); }
  bool on() const { return on_.load(std::memory_order_relaxed); }

  // One that ends now.
  void Add(CollectiveSpan::Kind kind, uint64_t bytes, uint64_t begin_ns) {
    if (!on()) return;
    const CollectiveSpan span{kind, bytes, begin_ns, NowNs()};
    const std::lock_guard lock(mutex_);
    if (spans_.size() == kMost) spans_.pop_front();
    spans_.push_back(span);
  }

  // By begin.
  std::vector<CollectiveSpan> Spans() const {
    const std::lock_guard lock(mutex_);
    std::vector<CollectiveSpan> spans(spans_.begin(), spans_.end());
    std::stable_sort(spans.begin(), spans.end(),
                     [](const auto& a, const auto& b) { return a.begin_ns < b.begin_ns; });
    return spans;
  }

 private:
  static constexpr size_t kMost = size_t{1} << 16;

  std::atomic<bool> on_{false};
  mutable std::mutex mutex_;
  std::deque<CollectiveSpan> spans_;
};

}  // namespace flowtrain
