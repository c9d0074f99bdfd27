#include "pipeline/runtime/trace_ring.h"

#include <algorithm>
#include <atomic>

namespace flowtrain {
namespace {

// The thread's own number, the same for all rings. (The kernel's would take a system call.)
int ThreadNumber() {
  static std::atomic<int> threads{0};
  thread_local const int number = threads.fetch_add(1, std::memory_order_relaxed);
  return number;
}

}  // namespace

void TraceRing::Add(TraceCall call) {
  call.thread = ThreadNumber();
  Shard& shard = shards_[static_cast<size_t>(call.thread) % kShards];
  const std::lock_guard lock(shard.mutex);
  if (shard.calls.size() < shard_calls_) {
    shard.calls.push_back(call);
  } else {
    shard.calls[shard.added % shard_calls_] = call;
  }
  ++shard.added;
}

std::vector<TraceCall> TraceRing::Calls() const {
  std::vector<TraceCall> all;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    all.insert(all.end(), shard.calls.begin(), shard.calls.end());
  }
  std::sort(all.begin(), all.end(),
            [](const TraceCall& a, const TraceCall& b) { return a.begin_ns < b.begin_ns; });
  return all;
}

uint64_t TraceRing::dropped() const {
  uint64_t dropped = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    dropped += shard.added - shard.calls.size();
  }
  return dropped;
}

}  // namespace flowtrain
